"""`manage.py rebuildgraph`: derive every profile's rows anew from the facts. Harmless at any time; repeating changes nothing.

With `--check` nothing is written: all pairs of co-authors are computed at once from the bylines and compared with the stored
ones, which were computed researcher by researcher as works came in.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from graph.flows import check, measure, recompute
from profiles.models import Researcher
from researchgraph import events
from researchgraph.lib.progress import ProgressBar
from works import imports

CAUSE = "rebuilt by hand"


class Command(BaseCommand):
    help = "Derive co-authors, topics, affiliations, graphs and trust receipts anew from the stored facts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--only", metavar="PUBLIC_ID", help="rebuild this researcher only")
        what.add_argument(
            "--check", action="store_true", help="change nothing; exit with 1 if a stored pair of co-authors is wrong"
        )

    def handle(self, *, only: str | None, check: bool, **_: Any) -> None:
        if check:
            self._check()
            return
        count = recompute.mark_all_stale(cause=CAUSE) if only is None else _mark(only)
        most = 0

        def settling(blocks: int, researchers: int) -> None:
            nonlocal most
            most = max(most, blocks + researchers)
            bar.update(most - blocks - researchers, most)

        with ProgressBar(sys.stderr, "Making pages", unit="steps") as bar:
            imports.settle(progress=settling)
        measure.measure(minutes=0)
        self.stdout.write(f"Rebuilt {count} researcher{'' if count == 1 else 's'}.")

    def _check(self) -> None:
        found = check.check()
        waiting = f" {found.waiting:,} of them wait to be recomputed and were not compared." if found.waiting else ""
        self.stdout.write(f"{found.pairs:,} pairs, {found.differing:,} differ from what is stored.{waiting}")
        if found.differing:
            raise CommandError("Run `manage.py rebuildgraph` to repair them.", returncode=1)


@transaction.atomic
def _mark(public_id: str) -> int:
    key = Researcher.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    if key is None:
        raise CommandError(f"There is no researcher {public_id!r}.")
    events.researchers_changed.send(sender=None, researcher_ids=[key], cause=CAUSE)
    return 1
