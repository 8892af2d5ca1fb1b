"""When a stored question about works is still one, and what names the state it is asked about, as pieces of SQL. Pure.

The pieces expect the question (`works.decision_models.Review`) as `q`. Lists, counts and the answer itself take them from here, so
that what is counted is what is shown, and what is answered was open.
"""

from __future__ import annotations

from typing import Final

PAIRS: Final = "('work-match', 'identifier-conflict')"
"""Kinds that ask whether two works are one. Other kinds are shown by their evidence."""

WORK: Final = "(SELECT coalesce(w.merged_into_id, w.id) FROM works_work w WHERE w.id = q.work_id)"
"""The work that is asked about: the one that goes on for it."""

CANDIDATES: Final = f"""
    ARRAY(SELECT c.id FROM (
            SELECT coalesce(o.merged_into_id, o.id) AS id, min(n.place) AS place
              FROM unnest(q.candidates) WITH ORDINALITY AS n(id, place) JOIN works_work o ON o.id = n.id GROUP BY 1) c
           WHERE c.id <> {WORK} AND NOT EXISTS (
                 SELECT FROM works_workdistinction d
                  WHERE d.work_id = least(c.id, {WORK}) AND d.other_id = greatest(c.id, {WORK}))
           ORDER BY c.place)
"""  # noqa: S608 - constants
"""The works it may be the same as, the likeliest first: without those that have joined it or were told apart from it."""

OPEN: Final = f"""
    (q.state = 'open' AND (q.kind NOT IN {PAIRS} OR q.candidates = '{{}}' OR cardinality({CANDIDATES}) > 0))
"""
"""Whether the question is still one, put aside or not."""

STATE: Final = f"""
    md5(concat_ws('|', q.kind, q.evidence::text, {WORK}, {CANDIDATES}::text,
        (SELECT string_agg(concat_ws(':', s.id, encode(s.sha256, 'hex')), ',' ORDER BY s.id)
           FROM works_sourcerecord s WHERE s.work_id = {WORK} OR s.work_id = ANY({CANDIDATES}))))
"""  # noqa: S608 - constants
"""Names what the question is asked about: the works that go on, and what each of their source records says."""

PLACE: Final = f"""
    CASE WHEN q.assigned_to_id <> %(user)s THEN 'taken'
         WHEN q.postponed_state <> '' AND q.postponed_state = {STATE} THEN 'aside' ELSE 'open' END
"""
"""Where it is for the curator `user`: kept by somebody else, put aside until the facts change, or to be decided."""

DOUBT: Final = """
    (1 - abs(1 - least(2, coalesce((SELECT sum((e ->> 'weight')::float8) FROM jsonb_array_elements(q.evidence) e), 1))))
"""
"""From 0 to 1: 1 where the evidence weighs half of what would leave no doubt."""

PEOPLE: Final = f"""
    (SELECT count(DISTINCT a.researcher_id) FROM works_authorship a
      WHERE a.work_id = {WORK} OR a.work_id = ANY({CANDIDATES}))
"""  # noqa: S608 - constants
"""Researchers whose pages would change."""

WORKS: Final = f"(1 + cardinality({CANDIDATES}))"
"""Works that would change."""

ALIKE: Final = f"""
    md5(concat_ws('|', q.kind,
        (SELECT string_agg(concat_ws(':', e ->> 'kind', CASE WHEN e ->> 'kind' = 'same-identifier'
                                     THEN split_part(e ->> 'value', ':', 1) ELSE e ->> 'value' END), ',' ORDER BY place)
           FROM jsonb_array_elements(q.evidence) WITH ORDINALITY AS n(e, place)),
        (SELECT string_agg(DISTINCT s.source, ',' ORDER BY s.source) FROM works_sourcerecord s WHERE s.work_id = {WORK}),
        (SELECT string_agg(DISTINCT s.source, ',' ORDER BY s.source) FROM works_sourcerecord s
          WHERE s.work_id = ({CANDIDATES})[1])))
"""  # noqa: S608 - constants
"""The same for questions of one kind that rest on the same evidence between the same sources."""
