"""`manage.py rebuildgraph`: derive every profile's rows anew from the facts. Harmless at any time; repeating changes nothing."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from graph.flows import recompute
from profiles.models import Researcher
from researchgraph import events
from researchgraph.lib.progress import ProgressBar
from works import imports

CAUSE = "rebuilt by hand"


class Command(BaseCommand):
    help = "Derive co-authors, topics, affiliations, graphs and trust receipts anew from the stored facts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", metavar="PUBLIC_ID", help="rebuild this researcher only")

    def handle(self, *, only: str | None, **_: Any) -> None:
        count = recompute.mark_all_stale(cause=CAUSE) if only is None else _mark(only)
        most = 0

        def settling(blocks: int, researchers: int) -> None:
            nonlocal most
            most = max(most, blocks + researchers)
            bar.update(most - blocks - researchers, most)

        with ProgressBar(sys.stderr, "Making pages", unit="steps") as bar:
            imports.settle(progress=settling)
        self.stdout.write(f"Rebuilt {count} researcher{'' if count == 1 else 's'}.")


@transaction.atomic
def _mark(public_id: str) -> int:
    key = Researcher.objects.filter(public_id=public_id).values_list("pk", flat=True).first()
    if key is None:
        raise CommandError(f"There is no researcher {public_id!r}.")
    events.researchers_changed.send(sender=None, researcher_ids=[key], cause=CAUSE)
    return 1
