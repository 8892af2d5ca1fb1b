"""Which works an episode speaks of: those its notes name by an identifier. An equal title alone is asked about.

Looked at for all episodes after every import, so that it does not matter whether the episode or the work came first. What
a person answered stays as long as both are there, and counts for the work that goes on if works are joined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction

from researchgraph import events
from researchgraph.errors import Conflict
from researchgraph.lib import bulk, identifiers
from researchgraph.lib.evidence import Evidence
from works.decision_models import Review
from works.media_models import MediaMention, MentionKind

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

AT_ONCE: Final = 2_000
MOST_PER_TITLE: Final = 5
"""A title that more works carry than this tells nothing."""
REVIEW: Final = "media-match"

Pair = tuple[int, int]
"""An episode and a work."""
Row = tuple[str, tuple[Evidence, ...], bool, int | None]
"""A mention that is no person's own word: kind, evidence, whether it is carried, and whose word it carries."""


def rematch() -> None:
    """Bring mentions and open questions of all episodes in line with the works there are."""
    last = 0
    while ids := [
        row[0] for row in bulk.fetch("SELECT id FROM works_episode WHERE id > %s ORDER BY id LIMIT %s", [last, AT_ONCE])
    ]:
        _batch(ids)
        last = ids[-1]


def answer(review: Review, *, same: bool, actor: AbstractBaseUser) -> None:
    """A person says whether the episode of an open question speaks of its work. Raises Conflict if it is answered."""
    with transaction.atomic():
        bulk.take_turns()
        if not Review.objects.filter(pk=review.pk, kind=REVIEW, state="open").update(state="closed"):
            raise Conflict("This question is answered already.")
        episode, work = _pair(review)
        MediaMention.objects.update_or_create(
            episode_id=episode,
            work_id=work,
            defaults={
                "kind": MentionKind.CONFIRMED if same else MentionKind.REFUSED,
                "evidence": review.evidence,
                "carried": False,
                "decided_by_id": actor.pk,
            },
        )
        events.works_changed.send(sender=None, work_ids=[work])
        _batch([episode])


def ask_again(review: Review) -> None:
    """Take a person's answer back. Raises Conflict if there is none."""
    with transaction.atomic():
        bulk.take_turns()
        if not Review.objects.filter(pk=review.pk, kind=REVIEW, state="closed").update(state="open"):
            raise Conflict("This question has not been answered.")
        episode, work = _pair(review)
        MediaMention.objects.filter(
            episode=episode, work=work, carried=False, kind__in=[MentionKind.CONFIRMED, MentionKind.REFUSED]
        ).delete()
        _batch([episode])
        events.works_changed.send(sender=None, work_ids=[work])


def follow(works: Sequence[int]) -> None:
    """Works were joined or parted: bring the mentions of the episodes that speak of them, or may, in line."""
    rows = bulk.fetch(
        """
        SELECT episode_id FROM works_mediamention WHERE work_id = ANY(%(works)s)
        UNION SELECT split_part(subject, ':', 1)::bigint FROM works_review WHERE kind = %(kind)s AND work_id = ANY(%(works)s)
        UNION SELECT id FROM works_episode
               WHERE title_keys && ARRAY(SELECT title_key FROM works_work WHERE id = ANY(%(works)s))
        ORDER BY 1
        """,
        {"works": list(works), "kind": REVIEW},
    )
    if rows:
        _batch([row[0] for row in rows])


def part(work: int, made: int) -> None:
    """A work was split: what a person answered of an episode that has only the new one's title was about the new one."""
    found = bulk.fetch(
        """
        SELECT r.id, e.id, m.id FROM works_mediamention m JOIN works_episode e ON e.id = m.episode_id
          JOIN works_review r ON r.kind = %(kind)s AND r.state = 'closed' AND r.subject = e.id || ':' || m.work_id
          JOIN works_work o ON o.id = m.work_id JOIN works_work n ON n.id = %(made)s
         WHERE m.work_id = %(work)s AND m.kind <> %(named)s AND NOT m.carried
           AND n.title_key = ANY(e.title_keys) AND o.title_key <> ALL(e.title_keys) ORDER BY r.id
        """,
        {"work": work, "made": made, "kind": REVIEW, "named": MentionKind.IDENTIFIER.value},
    )
    if not found:
        return
    reviews, episodes, answers = (list(column) for column in zip(*found, strict=True))
    # It is named by an identifier as well, or was asked about just now: a person's word stands above that.
    bulk.run("DELETE FROM works_mediamention WHERE work_id = %s AND episode_id = ANY(%s)", [made, episodes])
    subjects = [f"{episode}:{made}" for episode in episodes]
    bulk.run("DELETE FROM works_review WHERE kind = %s AND subject = ANY(%s)", [REVIEW, subjects])
    bulk.run("UPDATE works_mediamention SET work_id = %s WHERE id = ANY(%s)", [made, answers])
    bulk.run(
        "UPDATE works_review r SET work_id = %s, subject = n.subject FROM unnest(%s::bigint[], %s::text[]) AS n(id, subject)"
        " WHERE r.id = n.id",
        [made, reviews, subjects],
    )
    _batch(episodes)


def _pair(review: Review) -> Pair:
    """The episode and the work that was asked about."""
    episode, _, asked = review.subject.partition(":")
    if not bulk.fetch("SELECT FROM works_work WHERE id = %s", [int(asked)]):
        raise Conflict("The work has gone.")
    return int(episode), int(asked)


@transaction.atomic
def _batch(episodes: Sequence[int]) -> None:
    bulk.take_turns()
    own, known = _known(episodes)
    wanted = _carried(episodes, own)
    for pair, evidence in _named(episodes).items():
        if pair not in own:
            wanted.setdefault(pair, (MentionKind.IDENTIFIER.value, evidence, False, None))
    gone = sorted(pair for pair, row in known.items() if wanted.get(pair) != row)
    fresh = sorted(pair for pair, row in wanted.items() if known.get(pair) != row)
    if gone:
        bulk.run(
            "DELETE FROM works_mediamention m USING unnest(%s::bigint[], %s::bigint[]) AS n(episode, work)"
            " WHERE m.episode_id = n.episode AND m.work_id = n.work",
            _columns(gone),
        )
    if fresh:
        rows = ((*pair, *wanted[pair]) for pair in fresh)
        bulk.copy_rows(
            "works_mediamention",
            ("episode_id", "work_id", "kind", "evidence", "carried", "decided_by_id"),
            ((*pair, kind, _encoded(evidence), carried, whose) for *pair, kind, evidence, carried, whose in rows),
        )
    _ask(episodes, {pair: evidence for pair, evidence in _titled(episodes).items() if pair not in {*wanted, *own}})
    if changed := sorted({work for _, work in (*fresh, *gone)}):
        events.works_changed.send(sender=None, work_ids=changed)


def _known(episodes: Sequence[int]) -> tuple[set[Pair], dict[Pair, Row]]:
    """What people said of these works themselves, and all other mentions."""
    own: set[Pair] = set()
    known: dict[Pair, Row] = {}
    for episode, work, kind, evidence, carried, whose in bulk.fetch(
        "SELECT episode_id, work_id, kind, evidence::text, carried, decided_by_id FROM works_mediamention"
        " WHERE episode_id = ANY(%s) ORDER BY id",
        [list(episodes)],
    ):
        if carried or kind == MentionKind.IDENTIFIER:
            known[episode, work] = (kind, _decoded(evidence), carried, whose)
        else:
            own.add((episode, work))
    return own, known


def _carried(episodes: Sequence[int], own: set[Pair]) -> dict[Pair, Row]:
    """What people said of works that have joined another one: it counts there, the last word of several, unless that one was
    asked about itself.
    """
    return {
        (episode, work): (kind, _decoded(evidence), True, whose)
        for episode, work, kind, evidence, whose in bulk.fetch(
            """
            SELECT m.episode_id, w.merged_into_id, m.kind, m.evidence::text, m.decided_by_id
              FROM works_mediamention m JOIN works_work w ON w.id = m.work_id
             WHERE m.episode_id = ANY(%s) AND m.kind <> %s AND NOT m.carried AND w.merged_into_id IS NOT NULL ORDER BY m.id
            """,
            [list(episodes), MentionKind.IDENTIFIER.value],
        )
        if (episode, work) not in own
    }


def _named(episodes: Sequence[int]) -> dict[Pair, tuple[Evidence, ...]]:
    """The works whose identifiers stand in the notes."""
    found: defaultdict[Pair, list[Evidence]] = defaultdict(list)
    for episode, work, scheme, value in bulk.fetch(
        """
        SELECT e.id, coalesce(w.merged_into_id, w.id), i.scheme, i.value
          FROM works_episode e, unnest(e.identifiers) AS n(claim)
          JOIN works_workidentifier i ON i.scheme = split_part(n.claim, ':', 1)
                                     AND i.value = substr(n.claim, strpos(n.claim, ':') + 1)
          JOIN works_work w ON w.id = i.work_id
         WHERE e.id = ANY(%s) ORDER BY e.id, i.scheme, i.value
        """,
        [list(episodes)],
    ):
        shown = f"{identifiers.label(scheme)} {value}"
        found[episode, work].append(Evidence("episode-names", shown, 1.0))
    return {pair: tuple(evidence) for pair, evidence in found.items()}


def _titled(episodes: Sequence[int]) -> dict[Pair, tuple[Evidence, ...]]:
    """The works whose titles stand in the title or the notes."""
    works: defaultdict[tuple[int, str], dict[int, str]] = defaultdict(dict)
    for episode, key, work, title in bulk.fetch(
        """
        SELECT e.id, n.key, w.id, w.title FROM works_episode e, unnest(e.title_keys) AS n(key)
          JOIN works_work w ON md5(w.title_key) = md5(n.key) AND w.title_key = n.key
         WHERE e.id = ANY(%s) AND w.merged_into_id IS NULL
        """,
        [list(episodes)],
    ):
        works[episode, key][work] = title
    return {
        (episode, work): (Evidence("episode-title", title, 0.5),)
        for (episode, _), found in works.items()
        if len(found) <= MOST_PER_TITLE
        for work, title in found.items()
    }


def _ask(episodes: Sequence[int], doubtful: dict[Pair, tuple[Evidence, ...]]) -> None:
    """Open the questions there are now; open ones that ask nothing any more go."""
    subjects = {f"{episode}:{work}": (work, evidence) for (episode, work), evidence in sorted(doubtful.items())}
    bulk.run(
        "DELETE FROM works_review WHERE kind = %s AND state = 'open' AND split_part(subject, ':', 1)::bigint = ANY(%s)"
        " AND NOT subject = ANY(%s)",
        [REVIEW, list(episodes), list(subjects)],
    )
    if subjects:
        bulk.run(
            """
            INSERT INTO works_review (kind, subject, work_id, candidates, evidence)
            SELECT %s, subject, work_id, '{}', evidence::jsonb
              FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS r(subject, work_id, evidence)
            ON CONFLICT DO NOTHING
            """,
            [
                REVIEW,
                list(subjects),
                [work for work, _ in subjects.values()],
                [_encoded(evidence) for _, evidence in subjects.values()],
            ],
        )


_decoded = msgspec.json.Decoder(tuple[Evidence, ...]).decode


def _encoded(evidence: tuple[Evidence, ...]) -> str:
    return msgspec.json.encode(evidence).decode()


def _columns(pairs: Sequence[Pair]) -> list[list[int]]:
    return [[episode for episode, _ in pairs], [work for _, work in pairs]]
