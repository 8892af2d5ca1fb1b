"""Records that were held back: read again once a reader was repaired, or dismissed because nothing is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from researchgraph.lib import bulk
from works import imports
from works.ingest import pipeline, store
from works.models import SourceRecord
from works.quarantine_selectors import NOT_READABLE
from works.records import RawRecord
from works.sources import registry

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AT_ONCE: Final = 500


class Retried(msgspec.Struct, frozen=True):
    """How many records became what they state, and how many are held back still."""

    repaired: int = 0
    held: int = 0


class _Held(msgspec.Struct, frozen=True):
    id: int
    source: str
    key: str
    payload: bytes
    origin: str
    digest: str
    run: int | None

    @property
    def aside(self) -> bool:
        """Whether it is damaged news about a known record, kept under a key of its own."""
        return self.key.endswith(f"#{self.digest[:12]}")

    @property
    def raw(self) -> RawRecord:
        key = self.key.rpartition("#")[0] if self.aside else self.key
        # A key made of the hash stands in for none.
        return RawRecord("" if key.startswith("sha256:") else key, self.payload, self.origin)


def retry(records: Sequence[int]) -> Retried:
    """Read held-back records again. What they hold now goes the way of every import; the rest keeps a reason, the present one."""
    repaired = held = 0
    ids = sorted(records)
    for start in range(0, len(ids), AT_ONCE):
        for source, group in groupby(_load(ids[start : start + AT_ONCE]), key=lambda record: record.source):
            found = _retry(source, list(group))
            repaired, held = repaired + found.repaired, held + found.held
    if repaired:
        imports.relate()
    return Retried(repaired, held)


def dismiss(records: Sequence[int], *, user: User) -> int:
    """Nothing is to be done about these; how many were not dismissed yet. They keep their bytes and their reason."""
    return (
        SourceRecord.objects.filter(pk__in=records, dismissed_at=None)
        .exclude(rejected_code="")
        .update(dismissed_at=Now(), dismissed_by=user)
    )


def _load(ids: Sequence[int]) -> list[_Held]:
    rows = bulk.fetch(
        """
        SELECT id, source, key, payload, origin, encode(sha256, 'hex'), run_id FROM works_sourcerecord
         WHERE id = ANY(%s) AND rejected_code <> '' AND NOT rejected_code = ANY(%s) ORDER BY source, id
        """,
        [list(ids), sorted(NOT_READABLE)],
    )
    return [_Held(key, source, name, bytes(payload), *rest) for key, source, name, payload, *rest in rows]


@transaction.atomic
def _retry(source: str, held: Sequence[_Held]) -> Retried:
    prepared = pipeline.prepare([record.raw for record in held], registry.get(source).parse)
    good = [(record, item) for record, item in zip(held, prepared, strict=True) if item.parsed is not None]
    bad = [(record, item) for record, item in zip(held, prepared, strict=True) if item.parsed is None]
    if good:
        # Under its own key again, it would be taken for the known one that is set aside.
        SourceRecord.objects.filter(pk__in=[record.id for record, _ in good if record.aside]).delete()
        pipeline.ingest(
            [item for _, item in good],
            source=source,
            run_id=None,
            parser_of=lambda name: registry.get(name).parse,
            lookups=store.Lookups(),
        )
        _belong_to_runs([record for record, _ in good if not record.aside])
    bulk.run(
        """
        UPDATE works_sourcerecord s SET rejected_code = n.code, rejected_field = n.field, rejected_detail = n.detail
          FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS n(id, code, field, detail) WHERE s.id = n.id
        """,
        [
            [record.id for record, _ in bad],
            *(
                [getattr(item.rejected, part, "") or "" for _, item in bad]
                for part in ("code", "field", "detail")
            ),
        ],
    )  # fmt: skip
    return Retried(len(good), len(bad))


def _belong_to_runs(records: Sequence[_Held]) -> None:
    """The records are still those of the runs that brought them."""
    bulk.run(
        "UPDATE works_sourcerecord s SET run_id = n.run FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, run) WHERE s.id = n.id",
        [[record.id for record in records], [record.run for record in records]],
    )
