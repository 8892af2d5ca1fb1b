"""`manage.py importworks SOURCE FILE_OR_QUERY`: the same import as the web and the workers do, from a shell."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.progress import ProgressBar
from works import imports
from works.models import ImportRun, RunState, SourceRecord
from works.sources import registry

SHOWN = 5
LOOK_SECONDS = 0.2


def _where(origin: str, reason: str) -> str:
    """The reason after the place it is about; reasons of readers name the place themselves."""
    return reason if reason.startswith(f"{origin}: ") else f"{origin}: {reason}"


class Command(BaseCommand):
    help = "Import works from a file or a live source, decide who wrote them, and make their pages ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help=f"one of: {', '.join(sorted(registry.sources()))}")
        parser.add_argument(
            "query", metavar="FILE_OR_QUERY", help="a file of the source's format, or a query to its live service"
        )
        parser.add_argument("--limit", type=int, help="stop after this many records")
        parser.add_argument("--dry-run", action="store_true", help="read and report, write nothing")

    def handle(self, *, source: str, query: str, limit: int | None, dry_run: bool, **_: Any) -> None:
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        if source not in sorted(registry.sources()):
            raise CommandError(f"There is no source {source!r}. Known: {', '.join(sorted(registry.sources()))}.")
        try:
            if dry_run:
                self._dry_run(source, query, limit)
            else:
                self._import(source, query, limit)
        except SourceUnavailable as error:
            raise CommandError(str(error)) from None

    def _dry_run(self, source: str, query: str, limit: int | None) -> None:
        good = bad = withdrawn = 0
        for item in imports.dry_run(source=source, query=query, limit=limit):
            if item.raw.deleted:
                withdrawn += 1
                continue
            if item.rejected is None:
                good += 1
                continue
            bad += 1
            if bad <= SHOWN:
                self.stderr.write(_where(item.raw.origin or item.key, str(item.rejected)))
        if bad > SHOWN:
            self.stderr.write(f"... and {bad - SHOWN} more.")
        self.stdout.write(
            f"Read {good + bad + withdrawn} records: {good} can be imported, {bad} would be quarantined"
            f"{f', {withdrawn} are withdrawn' if withdrawn else ''}. Nothing was written."
        )
        if not good and not withdrawn:
            raise CommandError("Nothing in this input can be imported.")

    def _import(self, source: str, query: str, limit: int | None) -> None:
        started = time.monotonic()
        # A worker that goes on after us has another working directory.
        path = Path(query)
        run = imports.start_run(source=source, query=str(path.resolve()) if path.is_file() else query, limit=limit)
        with ProgressBar(sys.stderr, "Importing", unit="records") as bar:
            while not imports.advance(run, progress=lambda r: bar.update(r.fetched, r.total or limit or 0)):
                # A sweep gave it to a worker before we had it.
                time.sleep(LOOK_SECONDS)
                run.refresh_from_db()
                bar.update(run.fetched, run.total or limit or 0)
        run.refresh_from_db()
        if run.state == RunState.FAILED:
            raise CommandError(run.message)
        most = 0

        def settling(blocks: int, researchers: int) -> None:
            nonlocal most
            most = max(most, blocks + researchers)
            bar.update(most - blocks - researchers, most)

        with ProgressBar(sys.stderr, "Deciding who is who, making pages", unit="steps") as bar:
            imports.settle(progress=settling)
        self._summary(run, time.monotonic() - started)

    def _summary(self, run: ImportRun, seconds: float) -> None:
        held = SourceRecord.objects.filter(run=run).exclude(rejected_code="").order_by("pk")
        for record in held[:SHOWN]:
            field = f"{record.rejected_field}: " if record.rejected_field else ""
            self.stderr.write(_where(record.origin or record.key, f"{field}{record.rejected_detail}"))
        if run.quarantined > SHOWN:
            self.stderr.write(f"... and {run.quarantined - SHOWN} more; see {run.get_absolute_url()}")
        self.stdout.write(
            f"fetched {run.fetched}  new {run.new}  updated {run.updated}  unchanged {run.unchanged}  quarantined {run.quarantined}"
            f"  in {seconds:.1f} s",
        )
        if run.fetched and run.fetched == run.quarantined:
            raise CommandError("Nothing in this input could be imported.")
        if not run.fetched:
            raise CommandError("There is no record in this input.")
