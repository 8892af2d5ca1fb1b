"""Works that authors add to their records, through the importer: the only writer of additions.

Nothing is written by hand: an addition is an import run like any other, which curators see and can roll back. What the
holder of a claim has brought in goes when the claim is revoked (`take_back`), unless others state it too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from profiles.claims import State
from profiles.flows.owning import rights
from profiles.own_models import Addition
from researchgraph.errors import Conflict
from researchgraph.lib import bulk
from works import imports, rollback, runs
from works.models import ImportRun, RunState
from works.sources.author_bibtex import AuthorBibtexSource

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SERVICES: Final = {"doi": ("crossref", "datacite"), "arxiv": ("arxiv",)}
"""Which sources are asked for an identifier of a scheme, the next one where the one before knows nothing."""
ENTRIES_AT_MOST: Final = 200
"""Entries of one file."""
FILE_NAME: Final = "author.bib"
"""What a file is called here: runs are public, and its own name is its author's business."""
GOOD_FOR: Final = timedelta(hours=1)
"""For so long what was asked once is not asked again."""


@transaction.atomic
def look_up(*, researcher: int, scheme: str, value: str, actor: User) -> Addition:
    """Have a work looked for by its canonical DOI or arXiv id; several who ask for the same share one run.

    The caller wakes a worker. Raises Conflict if the record is not the actor's, or the service cannot be asked for this.
    """
    claim = rights.holding(researcher, actor)
    asked = f"{scheme}:{value}"
    source = SERVICES[scheme][0]
    query = query_for(source, value)
    run = _running(asked) or imports.start_run(source=source, query=query, limit=1, live=True, started_by=actor)
    return Addition.objects.update_or_create(claim=claim, asked=asked, defaults={"run": run})[0]


@transaction.atomic
def read_file(*, researcher: int, content: bytes, actor: User) -> Addition:
    """Have the entries of a BibTeX file read, at most ENTRIES_AT_MOST; the same file twice makes one run.

    The caller wakes a worker. Raises Conflict if the record is not the actor's.
    """
    claim = rights.holding(researcher, actor)
    asked = f"file:{hashlib.sha256(content).hexdigest()}"
    run = _running(asked) or imports.start_upload(
        source=AuthorBibtexSource.name, name=FILE_NAME, content=content, started_by=actor, limit=ENTRIES_AT_MOST
    )
    return Addition.objects.update_or_create(claim=claim, asked=asked, defaults={"run": run})[0]


def query_for(source: str, value: str) -> str:
    """The query that finds one identifier and nothing else. Raises Conflict where there is none."""
    match source:
        case "crossref":
            if "," in value:
                # A comma begins another condition of Crossref's filter.
                raise Conflict("Crossref cannot be asked for a DOI with a comma. Please add the work by BibTeX.")
            return f"doi:{value}"
        case "datacite":
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'doi:"{quoted}"'
        case _:
            return value


def _running(asked: str) -> ImportRun | None:
    """The run that looks for this now, or did so a short time ago."""
    recent = ImportRun.objects.filter(additions__asked=asked).order_by("-pk")
    under_way = recent.filter(state__in=[*imports.OPEN, RunState.PAUSED]).first()
    return under_way or recent.filter(state=RunState.DONE, finished_at__gt=timezone.now() - GOOD_FOR).first()


_IN_VAIN: Final = """
    SELECT DISTINCT a.run_id, r.source, a.asked FROM profiles_addition a JOIN works_importrun r ON r.id = a.run_id
     WHERE r.state = 'done' AND r.fetched = 0 AND r.source = ANY(%s) ORDER BY 1
"""


def follow_up() -> list[int]:
    """Ask the next service where one knew nothing; the runs to be carried on. However many look, each is asked once."""
    following = dict(pair for names in SERVICES.values() for pair in pairwise(names))
    started = []
    for run, source, asked in bulk.fetch(_IN_VAIN, [sorted(following)]):
        started += _ask_next(run, following[source], asked.partition(":")[2])
    return started


@transaction.atomic
def _ask_next(run: int, source: str, value: str) -> list[int]:
    waiting = list(Addition.objects.select_for_update().filter(run_id=run).order_by("pk"))
    if not waiting:
        return []
    before = ImportRun.objects.get(pk=run)
    following = imports.start_run(
        source=source, query=query_for(source, value), limit=1, live=True, started_by=before.started_by
    )
    Addition.objects.filter(pk__in=[one.pk for one in waiting]).update(run=following)
    return [following.pk]


_REVOKED: Final = """
    SELECT DISTINCT a.run_id FROM profiles_addition a JOIN profiles_claim c ON c.id = a.claim_id
      JOIN works_importrun r ON r.id = a.run_id
     WHERE c.state = %s AND NOT r.state = ANY(%s)
       AND NOT EXISTS (SELECT FROM profiles_addition o JOIN profiles_claim d ON d.id = o.claim_id
                        WHERE o.run_id = a.run_id AND d.state <> c.state)
     ORDER BY 1
"""


def take_back() -> list[int]:
    """Begin to roll back what holders of revoked claims have brought in; the runs to be carried on.

    Which runs these are follows from the claims, so nothing has to be noted when one is revoked. A run under way is
    stopped first, and rolled back when this is called next.
    """
    begun = []
    for run in _of_revoked_claims():
        with suppress(Conflict):
            if run.state in {*imports.OPEN, RunState.PAUSED}:
                runs.stop(run)
            else:
                rollback.begin(run)
                begun.append(run.pk)
    return begun


def _of_revoked_claims() -> Sequence[ImportRun]:
    keys = bulk.fetch(_REVOKED, [State.REVOKED.value, [RunState.UNDOING.value, RunState.UNDONE.value]])
    return list(ImportRun.objects.filter(pk__in=[row[0] for row in keys]).order_by("pk"))
