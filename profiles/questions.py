"""When a stored question to a curator is still one, and what names the state it is asked about, as pieces of SQL. Pure.

The pieces expect the question (`profiles.models.Review`) as `q`. Lists, counts and the decision itself take them from
here, so that what is counted is what is shown, and what is answered was open.
"""

from __future__ import annotations

from typing import Final

_GONE: Final = """
    EXISTS (SELECT FROM unnest(q.records) AS n(id) LEFT JOIN profiles_researcher r ON r.id = n.id
             WHERE r.id IS NULL OR r.merged_into_id IS NOT NULL OR r.removed_at IS NOT NULL)
"""
"""One of the records was merged, taken down or withheld."""

_REJECTED: Final = """
    EXISTS (SELECT FROM works_rejection j JOIN profiles_researcher o ON o.id = j.researcher_id
             WHERE j.work_id = a.work_id AND coalesce(o.merged_into_id, o.id) = c.id)
"""
"""The work of byline `a` was rejected from candidate `c`, or from a record merged into it."""

CANDIDATES: Final = f"""
    ARRAY(SELECT c.id FROM works_authorship a, unnest(q.records) WITH ORDINALITY AS c(id, place)
           WHERE a.id = q.bylines[1] AND NOT {_REJECTED} ORDER BY c.place)
"""  # noqa: S608 - constants
"""The records an undecided byline may still belong to, the nearest first."""

_TOLD_APART: Final = """
    (least(q.records[1], q.records[2]), greatest(q.records[1], q.records[2])) IN (
        SELECT least(pair.one, pair.other), greatest(pair.one, pair.other) FROM (
            SELECT coalesce(x.merged_into_id, x.id) AS one, coalesce(y.merged_into_id, y.id) AS other
              FROM profiles_distinction d
              JOIN profiles_researcher x ON x.id = d.researcher_id JOIN profiles_researcher y ON y.id = d.other_id
        ) pair)
"""
"""A person has said that the two, or records merged into them, are two people."""

_UNDECIDED: Final = f"""
    EXISTS (SELECT FROM works_authorship a WHERE a.id = q.bylines[1] AND a.researcher_id IS NULL AND a.kind = 'undecided'
               AND EXISTS (SELECT FROM unnest(q.records) AS c(id) WHERE NOT {_REJECTED}))
"""  # noqa: S608 - constants
"""Nobody holds the byline, and there is a record left that it may belong to."""

_PARTED: Final = """
    (EXISTS (SELECT FROM unnest(q.bylines) AS n(id) LEFT JOIN works_authorship a ON a.id = n.id
              WHERE a.researcher_id IS DISTINCT FROM q.records[1] OR a.kind = 'confirmed')
     OR NOT EXISTS (SELECT FROM works_authorship a WHERE a.researcher_id = q.records[1] AND a.id <> ALL(q.bylines)))
"""
"""The record does not hold the part any more, nothing but the part, or a person has placed some of it."""

OPEN: Final = f"""
    (NOT {_GONE}
     AND CASE q.kind WHEN 'byline' THEN {_UNDECIDED} WHEN 'split' THEN NOT {_PARTED} ELSE NOT {_TOLD_APART} END)
"""
"""Whether the question is still one, put aside or not."""

STATE: Final = """
    md5(concat_ws('|', q.kind, q.records::text, q.bylines::text,
        (SELECT string_agg(concat_ws(':', r.id, r.verification_level), ',' ORDER BY r.id)
           FROM profiles_researcher r WHERE r.id = ANY(q.records)),
        (SELECT string_agg(concat_ws(':', a.id, coalesce(a.researcher_id, 0), a.kind = 'confirmed'), ',' ORDER BY a.id)
           FROM works_authorship a WHERE a.researcher_id = ANY(q.records) OR a.id = ANY(q.bylines)),
        (SELECT string_agg(concat_ws(':', j.work_id, j.researcher_id), ',' ORDER BY j.work_id, j.researcher_id)
           FROM works_rejection j WHERE j.researcher_id = ANY(q.records))))
"""
"""Names what the question is asked about: who holds which byline, placed by a person or not, and what was rejected."""

ORDER: Final = "q.weight DESC, q.id"
"""The harm that a wrong answer by default may do, the greatest first."""
