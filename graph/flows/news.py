"""What there is to tell followers: read from the facts as they are now, so that it may be worked out as often as one likes.

A work is news at a researcher, topic or institution if somebody has followed that since before the work came in. It is
held back as long as nobody has decided whose the byline is, and it is withdrawn as soon as it is not listed there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from graph.audience import SAME_RECORD
from graph.follow_models import News, StaleFeed, StaleFeedKind
from researchgraph.lib import bulk

MARKS_A_BATCH: Final = 500

CLAIM: Final = """
    DELETE FROM graph_stalefeed WHERE id IN (
        SELECT id FROM graph_stalefeed ORDER BY kind, subject LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING kind, subject
"""

WORKS: Final = f"""
    WITH concerned AS (
        SELECT m.id FROM profiles_researcher r
          JOIN profiles_researcher m ON coalesce(r.merged_into_id, r.id) IN (m.id, m.merged_into_id)
         WHERE r.id = ANY(%(researchers)s)),
    since AS (
        SELECT c.id, (SELECT min(f.created_at) FROM graph_follow f
                       WHERE f.kind = 'researcher' AND f.subject = ANY({SAME_RECORD.format(key="c.id")})) AS moment
          FROM concerned c)
    SELECT a.work_id FROM since s JOIN works_authorship a ON a.researcher_id = s.id
      JOIN works_work w ON w.id = a.work_id AND w.created_at > s.moment
    UNION SELECT n.work_id FROM graph_news n JOIN concerned c ON n.kind = 'researcher' AND n.subject = c.id
    ORDER BY 1
"""  # noqa: S608 - constants
"""The works of these researchers, and of whoever they are one with, that are or may become news."""

ANNOUNCE: Final = f"""
    INSERT INTO graph_news (kind, subject, work_id)
    SELECT n.kind, n.subject, n.work_id FROM (
        SELECT 'researcher' AS kind, r.id AS subject, w.id AS work_id
          FROM works_work w JOIN works_authorship a ON a.work_id = w.id JOIN profiles_researcher r ON r.id = a.researcher_id
         WHERE w.id = ANY(%(works)s) AND a.kind NOT IN ('pending', 'undecided') AND r.removed_at IS NULL
           AND EXISTS (SELECT FROM graph_follow f WHERE f.kind = 'researcher' AND f.created_at < w.created_at
                          AND f.subject = ANY({SAME_RECORD.format(key="r.id")}))
        UNION
        SELECT 'topic', k.topic_id, w.id FROM works_work w JOIN works_worktopic k ON k.work_id = w.id
         WHERE w.id = ANY(%(works)s) AND EXISTS (
               SELECT FROM graph_follow f WHERE f.kind = 'topic' AND f.subject = k.topic_id AND f.created_at < w.created_at)
        UNION
        SELECT 'institution', k.institution_id, w.id FROM works_work w JOIN works_workinstitution k ON k.work_id = w.id
         WHERE w.id = ANY(%(works)s) AND EXISTS (
               SELECT FROM graph_follow f
                WHERE f.kind = 'institution' AND f.subject = k.institution_id AND f.created_at < w.created_at)) n
     ORDER BY n.kind, n.subject, n.work_id
    ON CONFLICT (kind, subject, work_id) DO NOTHING
"""  # noqa: S608 - constants

CORRECT: Final = """
    UPDATE graph_news n SET withdrawn_at = CASE WHEN s.listed THEN NULL ELSE now() END
      FROM (SELECT n.id, CASE n.kind
                   WHEN 'researcher' THEN EXISTS (
                        SELECT FROM works_authorship a JOIN profiles_researcher r ON r.id = n.subject
                         WHERE a.work_id = coalesce(w.merged_into_id, w.id)
                           AND a.researcher_id = coalesce(r.merged_into_id, r.id))
                   WHEN 'topic' THEN EXISTS (
                        SELECT FROM works_worktopic k
                         WHERE k.work_id = coalesce(w.merged_into_id, w.id) AND k.topic_id = n.subject)
                   ELSE EXISTS (
                        SELECT FROM works_workinstitution k
                         WHERE k.work_id = coalesce(w.merged_into_id, w.id) AND k.institution_id = n.subject)
                   END AS listed
              FROM graph_news n JOIN works_work w ON w.id = n.work_id
             WHERE n.work_id = ANY(%(works)s) ORDER BY n.id FOR UPDATE OF n) s
     WHERE n.id = s.id AND s.listed = (n.withdrawn_at IS NOT NULL)
"""
"""A byline that waits to be looked at again is still listed where it was, so nothing is taken back and told again for that."""


def compose(*, marks: int = MARKS_A_BATCH) -> int:
    """Claim up to `marks` stale feeds nobody else is at, work out their news, and return how many there were.

    Claim and news are one transaction: if the worker dies, the feeds are stale again.
    """
    with transaction.atomic():
        claimed: list[tuple[str, int]] = bulk.fetch(CLAIM, [marks])
        researchers = sorted(key for kind, key in claimed if kind == StaleFeedKind.RESEARCHER)
        works = {key for kind, key in claimed if kind == StaleFeedKind.WORK}
        if researchers:
            works |= {row[0] for row in bulk.fetch(WORKS, {"researchers": researchers})}
        if works:
            bulk.run(ANNOUNCE, {"works": sorted(works)})
            bulk.run(CORRECT, {"works": sorted(works)})
    return len(claimed)


@transaction.atomic
def forget(*, works: Sequence[int]) -> None:
    """Take back what followers were told of works that are gone."""
    bulk.run("DELETE FROM graph_news WHERE work_id = ANY(%s)", [list(works)])
    bulk.run("DELETE FROM graph_feedentry WHERE work_id = ANY(%s)", [list(works)])


def waiting() -> bool:
    """Whether there is anything to work out or to deliver."""
    undelivered = News.objects.filter(delivered_at=None, withdrawn_at=None)
    return StaleFeed.objects.exists() or undelivered.exists()
