"""`manage.py exportbylines FILE`: all bylines that make pairs of co-authors, as keys and numbers without a name (docs/graph.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from graph.flows import bylines


class Command(BaseCommand):
    help = "Write all bylines that make pairs of co-authors into a CSV file, for graph.analytics."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            bylines.export(file)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Wrote {file}.")
