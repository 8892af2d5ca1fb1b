"""Link institutions named on bylines to registry entries, for those whose spellings or entries are new.

It does not matter which came first: a new spelling or a new entry marks the institution (`link_due`), and the rule looks
at everything there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec
from django.db import transaction

from profiles import registry
from researchgraph import events
from researchgraph.lib import bulk

AT_ONCE: Final = 2_000
SPELLINGS: Final = 200
"""Spellings of one institution looked at for a country: enough to tell, whatever their number."""


def link_due() -> int:
    """Decide on every institution that is due; how many there were. They wait while there is no registry at all."""
    total = 0
    while waiting():
        total += _batch()
    return total


def waiting() -> bool:
    """Whether an institution is due."""
    return bool(
        bulk.fetch(
            """
            SELECT FROM profiles_institution
             WHERE link_due AND (outcome <> 'none' OR EXISTS (SELECT FROM profiles_registryentry)) LIMIT 1
            """
        )
    )


@transaction.atomic
def _batch() -> int:
    bulk.take_turns()
    rows = bulk.fetch(
        "SELECT id, key, entry_id FROM profiles_institution WHERE link_due ORDER BY id LIMIT %s FOR UPDATE", [AT_ONCE]
    )
    due = {institution: key for institution, key, _ in rows}
    before = {institution: entry for institution, _, entry in rows}
    entries: defaultdict[int, list[registry.Entry]] = defaultdict(list)
    for institution, *facts in bulk.fetch(
        """
        SELECT n.id, e.id, e.identity, e.source, e.ror, e.name, e.country, e.status
          FROM unnest(%s::bigint[], %s::text[]) AS n(id, key) JOIN profiles_registryentry e ON e.keys @> ARRAY[n.key]
        """,
        [list(due), list(due.values())],
    ):
        entries[institution].append(registry.Entry(*facts))
    printed = _countries(sorted(entries))
    found = [(institution, registry.link(entries[institution], printed.get(institution, ""))) for institution in due]
    bulk.run(
        """
        UPDATE profiles_institution i
           SET link_due = false, entry_id = n.entry, ror = n.ror, outcome = n.outcome, evidence = n.evidence::jsonb
          FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
               AS n(id, entry, ror, outcome, evidence)
         WHERE i.id = n.id
        """,
        [
            [institution for institution, _ in found],
            [link.entry.id if link.entry else None for _, link in found],
            [link.entry.ror if link.entry else "" for _, link in found],
            [link.outcome for _, link in found],
            [msgspec.json.encode(link.evidence).decode() for _, link in found],
        ],
    )
    tell([institution for institution, link in found if before[institution] != (link.entry.id if link.entry else None)])
    return len(due)


def tell(institutions: Sequence[int]) -> None:
    """Have the pages derived again of everybody seen at institutions of which a registry says something else now."""
    if not institutions:
        return
    seen = bulk.fetch(
        """
        SELECT DISTINCT a.researcher_id FROM works_workinstitution k JOIN works_authorship a ON a.work_id = k.work_id
         WHERE k.institution_id = ANY(%s) AND a.institutions && %s::bigint[] AND a.researcher_id IS NOT NULL ORDER BY 1
        """,
        [list(institutions), list(institutions)],
    )
    if seen:
        cause = "a registry describes one of the institutions"
        events.researchers_changed.send(sender=None, researcher_ids=[row[0] for row in seen], cause=cause)


def _countries(institutions: list[int]) -> dict[int, str]:
    """The countries that bylines print with these institutions."""
    spellings: defaultdict[int, list[str]] = defaultdict(list)
    for institution, text in bulk.fetch(
        """
        SELECT n.id, s.text FROM unnest(%s::bigint[]) AS n(id), LATERAL (
            SELECT text FROM profiles_institutionspelling WHERE institution_id = n.id ORDER BY text LIMIT %s) s
        """,
        [institutions, SPELLINGS],
    ):
        spellings[institution].append(text)
    return {institution: registry.country(texts) for institution, texts in spellings.items()}
