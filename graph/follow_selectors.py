"""The follow button of a page, what an account follows, and what it might like to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from graph.audience import FOLLOWERS, FOLLOWS, SAME_RECORD
from graph.follow_models import Follow, FollowKind
from researchgraph.lib import bulk
from researchgraph.lib.paging import Paging, paging
from researchgraph.lib.public_ids import address

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

FOLLOWS_A_PAGE: Final = 100
LATEST_SHOWN: Final = 12
SUGGESTED: Final = 5


class Followable(msgspec.Struct, frozen=True):
    """Something that has a page and a follow button."""

    kind: FollowKind
    public_id: str
    slug: str
    name: str

    @property
    def href(self) -> str:
        """The address of its page."""
        return address(f"{self.kind}s", self.public_id, self.slug)

    @property
    def action(self) -> str:
        """Where its follow button leads to."""
        return f"/{self.kind}s/{self.public_id}/follow/"


class Subject(Followable, frozen=True):
    """Something to follow, as one account sees it. `followers` is None where the number is not told."""

    id: int
    removed: bool
    followers: int | None
    following: bool


class Followed(Followable, frozen=True):
    """One thing an account follows, or might like to. `reason` says why it is suggested."""

    reason: str = ""


class Following(msgspec.Struct, frozen=True):
    """What an account follows, the latest first."""

    total: int
    rows: list[Followed]
    paging: Paging


_RESEARCHER: Final = f"""
    SELECT t.public_id, t.slug, t.display_name, t.id, (r.removed_at IS NOT NULL OR t.removed_at IS NOT NULL),
           CASE WHEN t.hide_followers THEN NULL ELSE {FOLLOWERS.format(keys="k.keys", kind="researcher")} END,
           {FOLLOWS.format(account="%s", kind="'researcher'", keys="k.keys")}
      FROM profiles_researcher r JOIN profiles_researcher t ON t.id = coalesce(r.merged_into_id, r.id)
     CROSS JOIN LATERAL (SELECT {SAME_RECORD.format(key="t.id")} AS keys) k WHERE r.public_id = %s
"""  # noqa: S608 - constants
_TOPIC: Final = f"""
    SELECT t.public_id, t.slug, t.label, t.id, false, {FOLLOWERS.format(keys="ARRAY[t.id]", kind="topic")},
           {FOLLOWS.format(account="%s", kind="'topic'", keys="ARRAY[t.id]")}
      FROM works_topic t WHERE t.public_id = %s
"""  # noqa: S608 - constants
_INSTITUTION: Final = f"""
    SELECT t.public_id, t.slug, t.name, t.id, false, {FOLLOWERS.format(keys="ARRAY[t.id]", kind="institution")},
           {FOLLOWS.format(account="%s", kind="'institution'", keys="ARRAY[t.id]")}
      FROM profiles_institution t WHERE t.public_id = %s
"""  # noqa: S608 - constants
SUBJECTS: Final = {FollowKind.RESEARCHER: _RESEARCHER, FollowKind.TOPIC: _TOPIC, FollowKind.INSTITUTION: _INSTITUTION}

_FOLLOWED: Final = """
    SELECT f.kind, coalesce(r.public_id, t.public_id, i.public_id), coalesce(r.slug, t.slug, i.slug),
           coalesce(r.display_name, t.label, i.name)
      FROM (SELECT f.kind, coalesce(m.merged_into_id, f.subject) AS subject, max(f.id) AS latest
              FROM {rows} f LEFT JOIN profiles_researcher m ON f.kind = 'researcher' AND m.id = f.subject
             GROUP BY 1, 2) f
      LEFT JOIN profiles_researcher r ON f.kind = 'researcher' AND r.id = f.subject AND r.removed_at IS NULL
      LEFT JOIN works_topic t ON f.kind = 'topic' AND t.id = f.subject
      LEFT JOIN profiles_institution i ON f.kind = 'institution' AND i.id = f.subject
     WHERE coalesce(r.id, t.id, i.id) IS NOT NULL
     ORDER BY f.latest DESC
"""
FOLLOWED: Final = f"{_FOLLOWED.format(rows='(SELECT * FROM graph_follow WHERE account_id = %s)')} LIMIT %s OFFSET %s"  # noqa: S608 - constants
LATEST: Final = _FOLLOWED.format(rows="(SELECT * FROM graph_follow WHERE account_id = %s ORDER BY id DESC LIMIT %s)")
"""Looks at the latest rows only, so that a long list costs a page nothing."""

NEAR: Final = f"""
    WITH mine AS (
        SELECT DISTINCT coalesce(r.merged_into_id, r.id) AS id
          FROM graph_follow f JOIN profiles_researcher r ON r.id = f.subject
         WHERE f.account_id = %(account)s AND f.kind = 'researcher' LIMIT 100),
    people AS (
        SELECT e.who, sum(e.recent) AS recent, sum(e.weight) AS weight FROM (
            SELECT e.b_id AS who, e.recent, e.weight FROM graph_coauthoredge e JOIN mine ON mine.id = e.a_id
            UNION ALL SELECT e.a_id, e.recent, e.weight FROM graph_coauthoredge e JOIN mine ON mine.id = e.b_id) e
         GROUP BY e.who ORDER BY 2 DESC, 3 DESC, 1 LIMIT 50),
    topics AS (
        SELECT k.topic_id, sum(k.works) AS works FROM graph_researchertopic k JOIN mine ON mine.id = k.researcher_id
         GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50)
    (SELECT 'researcher', r.public_id, r.slug, r.display_name, 'writes with people you follow'
       FROM people p JOIN profiles_researcher r ON r.id = p.who AND r.merged_into_id IS NULL AND r.removed_at IS NULL
      WHERE r.id NOT IN (SELECT id FROM mine)
        AND NOT {FOLLOWS.format(account="%(account)s", kind="'researcher'", keys=SAME_RECORD.format(key="r.id"))}
      ORDER BY p.recent DESC, p.weight DESC, r.id LIMIT %(most)s)
    UNION ALL
    (SELECT 'topic', t.public_id, t.slug, t.label, 'people you follow work on it'
       FROM topics k JOIN works_topic t ON t.id = k.topic_id
      WHERE NOT {FOLLOWS.format(account="%(account)s", kind="'topic'", keys="ARRAY[t.id]")}
      ORDER BY k.works DESC, t.id LIMIT %(most)s)
"""  # noqa: S608 - constants

ACTIVE: Final = f"""
    SELECT 'researcher', r.public_id, r.slug, r.display_name, 'among the records with most works'
      FROM profiles_researcher r
     WHERE r.merged_into_id IS NULL AND r.removed_at IS NULL AND r.works_count > 0
       AND NOT {FOLLOWS.format(account="%(account)s", kind="'researcher'", keys=SAME_RECORD.format(key="r.id"))}
     ORDER BY r.works_count DESC, r.sort_name, r.id LIMIT %(most)s
"""  # noqa: S608 - constants


def account_of(user: AbstractBaseUser | AnonymousUser) -> int | None:
    """The key of the account that is signed in, if one is."""
    return user.pk if user.is_authenticated else None


def subject(kind: FollowKind, public_id: str, *, account: int | None) -> Subject | None:
    """What to follow at this address, or where its record has gone; None if there is nothing. One query."""
    rows = bulk.fetch(SUBJECTS[kind], [account, public_id])
    return Subject(kind, *rows[0]) if rows else None


def latest(account: int) -> list[Followed]:
    """The last things the account began to follow."""
    rows = bulk.fetch(LATEST, [account, LATEST_SHOWN])
    return [Followed(FollowKind(kind), *facts) for kind, *facts in rows]


def following(account: int, *, page: int = 1) -> Following:
    """Everything the account follows, a page of it."""
    total = Follow.objects.filter(account_id=account).count()
    window = paging(page=page, size=FOLLOWS_A_PAGE, total=total, path="/me/following/")
    rows = bulk.fetch(FOLLOWED, [account, window.size, window.offset])
    return Following(total, [Followed(FollowKind(kind), *facts) for kind, *facts in rows], window)


def everything(account: int) -> list[Followed]:
    """All that the account follows, for a copy of its data."""
    return [Followed(FollowKind(kind), *facts) for kind, *facts in bulk.fetch(FOLLOWED, [account, None, 0])]


def suggestions(account: int) -> list[Followed]:
    """Whom else to follow: co-authors and topics of those the account follows, else the records with most works."""
    rows = bulk.fetch(NEAR, {"account": account, "most": SUGGESTED})
    if not rows:
        rows = bulk.fetch(ACTIVE, {"account": account, "most": SUGGESTED})
    return [Followed(FollowKind(kind), *facts) for kind, *facts in rows]
