"""`manage.py mergeworks`: merge all works anew from their records. Harmless at any time; repeating changes nothing."""

from __future__ import annotations

import sys
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import transaction

from researchgraph.lib import bulk
from researchgraph.lib.progress import ProgressBar
from works import imports
from works.ingest import held, pipeline, store
from works.models import Work
from works.sources import registry

BATCH: Final = 1_000


class Command(BaseCommand):
    help = "Merge all works anew from their stored records, after MERGE_PRECEDENCE or a source's reader has changed."

    def handle(self, **_: Any) -> None:
        total, done, last, lookups = Work.objects.count(), 0, 0, store.Lookups()
        with ProgressBar(sys.stderr, "Merging", unit="works") as bar:
            while works := list(Work.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
                _merge(works, lookups)
                last, done = works[-1], done + len(works)
                bar.update(done, total)
        imports.settle()
        self.stdout.write(f"Merged {done} work{'' if done == 1 else 's'}.")


@transaction.atomic
def _merge(works: list[int], lookups: store.Lookups) -> None:
    bulk.take_turns()
    held.recheck(store.write_works(pipeline.drafts_of(works, lambda name: registry.get(name).parse), lookups))
