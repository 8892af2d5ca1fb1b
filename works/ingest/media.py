"""Which works an episode speaks of: those its notes name by an identifier. An equal title alone is asked about.

Looked at for all episodes after every import, so that it does not matter whether the episode or the work came first. What
a person answered stays as long as both are there.
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
                "decided_by_id": actor.pk,
            },
        )
        events.works_changed.send(sender=None, work_ids=[work])


def ask_again(review: Review) -> None:
    """Take a person's answer back. Raises Conflict if there is none."""
    with transaction.atomic():
        bulk.take_turns()
        if not Review.objects.filter(pk=review.pk, kind=REVIEW, state="closed").update(state="open"):
            raise Conflict("This question has not been answered.")
        episode, work = _pair(review)
        MediaMention.objects.filter(
            episode=episode, work=work, kind__in=[MentionKind.CONFIRMED, MentionKind.REFUSED]
        ).delete()
        _batch([episode])
        events.works_changed.send(sender=None, work_ids=[work])


def _pair(review: Review) -> Pair:
    """The episode, and the work that goes on for the one asked about."""
    episode, _, asked = review.subject.partition(":")
    rows = bulk.fetch("SELECT coalesce(merged_into_id, id) FROM works_work WHERE id = %s", [int(asked)])
    if not rows:
        raise Conflict("The work has gone.")
    return int(episode), int(rows[0][0])


@transaction.atomic
def _batch(episodes: Sequence[int]) -> None:
    bulk.take_turns()
    wanted = _named(episodes)
    known: dict[Pair, tuple[str, str]] = {
        (episode, work): (kind, evidence)
        for episode, work, kind, evidence in bulk.fetch(
            "SELECT episode_id, work_id, kind, evidence::text FROM works_mediamention WHERE episode_id = ANY(%s) ORDER BY id",
            [list(episodes)],
        )
    }
    fresh = sorted(pair for pair in wanted if pair not in known)
    gone = sorted(pair for pair, (kind, _) in known.items() if kind == MentionKind.IDENTIFIER and pair not in wanted)
    other = sorted(
        pair
        for pair, (kind, evidence) in known.items()
        if kind == MentionKind.IDENTIFIER and pair in wanted and _decoded(evidence) != wanted[pair]
    )
    if gone or other:
        bulk.run(
            "DELETE FROM works_mediamention m USING unnest(%s::bigint[], %s::bigint[]) AS n(episode, work)"
            " WHERE m.episode_id = n.episode AND m.work_id = n.work",
            _columns([*gone, *other]),
        )
    if fresh or other:
        bulk.copy_rows(
            "works_mediamention",
            ("episode_id", "work_id", "kind", "evidence"),
            ((*pair, MentionKind.IDENTIFIER.value, _encoded(wanted[pair])) for pair in sorted([*fresh, *other])),
        )
    _ask(episodes, {pair: evidence for pair, evidence in _titled(episodes).items() if pair not in {*wanted, *known}})
    if changed := sorted({work for _, work in (*fresh, *gone, *other)}):
        events.works_changed.send(sender=None, work_ids=changed)


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
