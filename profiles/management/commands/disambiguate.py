"""Tell authors apart in a file of mentions, without a database: which mentions are one person."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError

from profiles.assignment import partition
from profiles.matching.explain import explain
from profiles.matching.files import Unreadable, read_mentions
from profiles.matching.linking import Linked
from profiles.matching.model import Scorecard, read, shipped
from profiles.mentions import Mention


class Command(BaseCommand):
    help = "Group the author mentions of a file by person, with the shipped model or another one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mentions", type=Path, help="mentions, one JSON object a line; may be gzipped")
        parser.add_argument("--output", type=Path, required=True, help="where to write the clusters, as JSON")
        parser.add_argument("--model", type=Path, help="a scorecard file instead of the shipped one")
        parser.add_argument(
            "--explain", nargs=2, metavar=("MENTION_A", "MENTION_B"), help="say why for two mention ids"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        model = _model(options["model"])
        try:
            mentions = read_mentions(options["mentions"])
        except (OSError, EOFError, Unreadable) as error:
            raise CommandError(f"Cannot read the mentions: {error}") from error
        asked = _places(mentions, options["explain"])
        linked = partition(mentions, model)
        _write(options["output"], mentions, linked, model)
        people = len(set(linked.labels.tolist()))
        self.stdout.write(f"{len(mentions):,} mentions, {people:,} people -> {options['output']}")
        if asked:
            for line in explain(linked, model, *asked):
                self.stdout.write(line)


def _model(path: Path | None) -> Scorecard:
    if path is None:
        return shipped()
    try:
        return read(path)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise CommandError(f"{path} is not a model: {error}") from error


def _places(mentions: list[Mention], ids: list[str] | None) -> list[int]:
    place = {mention.sort_key: mention.id for mention in mentions}
    for wanted in ids or ():
        if wanted not in place:
            raise CommandError(f"There is no mention {wanted} in the file.")
    return [place[wanted] for wanted in ids or ()]


def _write(path: Path, mentions: list[Mention], linked: Linked, model: Scorecard) -> None:
    clusters: dict[int, list[str]] = defaultdict(list)
    for mention, label in zip(mentions, linked.labels.tolist(), strict=True):
        clusters[label].append(mention.sort_key)
    named = {f"p{number}": members for number, members in enumerate(clusters.values(), 1)}
    try:
        path.write_text(json.dumps({"model": model.version, "clusters": named}, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot write the clusters: {error}") from error
