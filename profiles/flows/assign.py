"""Decide which researcher every byline of the stale name blocks is. The only writer of the rule's decisions.

A block is decided on as a whole, from all its bylines, by the pure rule in `profiles.assignment`; so the outcome
does not depend on the order records arrived in, and blocks can be shared out among any number of workers. Only where a
few bylines come to a crowded block, they are placed first, one by one, and the block is noted to be decided on as a
whole later, by a task of its own (`due`, `recluster`). What
people have decided limits the rule (`profiles.bounds`). Whoever decides on a block holds its row in `StaleBlock`, so
that neither the rule nor a person acts on what the other is just changing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec
from django.db import transaction

from profiles import bylines
from profiles.assignment import Decision, Resolution, resolve_all, resolve_new
from profiles.bounds import anchor_of
from profiles.bylines import Byline
from profiles.flows import naming
from profiles.flows.ask import Question, ask
from profiles.ledger import EventKind
from profiles.models import VerificationLevel
from profiles.names import preferred
from researchgraph import events
from researchgraph.lib import bulk
from researchgraph.lib.evidence import Evidence
from researchgraph.lib.memory import collection_paused
from researchgraph.lib.public_ids import public_id
from works.models import DecisionKind

BLOCKS_A_BATCH = 3_000
BYLINES_AT_ONCE = 10_000
"""Blocks of a batch are decided on in portions of about so many bylines, because crowded blocks would fill the memory."""


CROWDED = 2_000
"""Bylines in a block from which on a few new ones are placed one by one."""
FEW = 0.05
"""At most this share of the bylines of a crowded block are placed one by one."""
GROWN = 0.10
"""Placed one by one, this share of a block makes it due to be decided on as a whole; a day does as well."""


class _Change(msgspec.Struct):
    """What one block's resolution means for the database."""

    created: list[tuple[int, str, list[Byline]]] = []
    kept: list[tuple[int, list[Byline]]] = []
    decided: list[tuple[Byline, Decision, int | None]] = []
    merged: list[tuple[int, int]] = []
    questions: list[Question] = []


def assign_stale(*, blocks: int = BLOCKS_A_BATCH) -> int:
    """Claim up to `blocks` stale blocks nobody else is at, decide on them, and return how many there were.

    Claim and decision are one transaction: if the worker dies, the blocks are stale again.
    """
    with collection_paused(), transaction.atomic():
        claimed = [
            row[0]
            for row in bulk.fetch(
                """
                DELETE FROM profiles_staleblock WHERE block_key IN (
                    SELECT block_key FROM profiles_staleblock ORDER BY block_key LIMIT %s FOR UPDATE SKIP LOCKED
                ) RETURNING block_key
                """,
                [blocks],
            )
        ]
        if claimed:
            # Told once, in the order of their keys: two workers cannot wait for each other's marks.
            _tell(set().union(*(_decide(portion) for portion in _portions(claimed))))
    if not claimed:
        bulk.refresh_statistics(["works_authorship", "profiles_researcher"])
    return len(claimed)


def _portions(block_keys: Sequence[str]) -> Iterator[list[str]]:
    """The blocks in groups of about BYLINES_AT_ONCE bylines; a single larger block is a group of its own."""
    sizes = bulk.fetch(
        """
        SELECT k.key, count(a.id) FROM unnest(%s::text[]) AS k(key) LEFT JOIN works_authorship a ON a.block_key = k.key
         GROUP BY 1 ORDER BY 1
        """,
        [list(block_keys)],
    )
    portion: list[str] = []
    bylines = 0
    for key, size in sizes:
        if portion and bylines + size > BYLINES_AT_ONCE:
            yield portion
            portion, bylines = [], 0
        portion.append(key)
        bylines += size
    if portion:
        yield portion


def due() -> list[str]:
    """The crowded blocks that it is time to decide on as a whole."""
    return [
        row[0]
        for row in bulk.fetch(
            """
            SELECT g.block_key FROM profiles_grownblock g
             WHERE g.grown_since < now() - interval '1 day'
                OR g.added >= %s * (SELECT count(*) FROM works_authorship a WHERE a.block_key = g.block_key)
             ORDER BY g.grown_since
            """,
            [GROWN],
        )
    ]


@transaction.atomic
def recluster(block_key: str) -> bool:
    """Decide on one grown block as a whole; False if somebody else has done so meanwhile."""
    # First the row that everybody who decides holds: whoever has it may want the other one, too.
    (made,) = bulk.fetch(
        """
        INSERT INTO profiles_staleblock AS s (block_key) VALUES (%s)
        ON CONFLICT (block_key) DO UPDATE SET marked_at = s.marked_at RETURNING xmax = 0
        """,
        [block_key],
    )
    if not bulk.fetch("SELECT 1 FROM profiles_grownblock WHERE block_key = %s", [block_key]):
        if made[0]:
            bulk.run("DELETE FROM profiles_staleblock WHERE block_key = %s", [block_key])
        return False
    with collection_paused():
        assign_blocks([block_key], whole=True)
    bulk.run("DELETE FROM profiles_staleblock WHERE block_key = %s", [block_key])
    return True


@transaction.atomic
def assign_blocks(block_keys: Sequence[str], *, whole: bool = False) -> None:
    """Decide on blocks and store what changed: new researchers, decisions, merges, identity events, questions.

    `whole`: also where placing the new bylines would do for now.
    """
    _tell(_decide(block_keys, whole=whole))


def _decide(block_keys: Sequence[str], *, whole: bool = False) -> set[int]:
    """Decide on blocks; the researchers who are to be told."""
    changes = _Change()
    waiting: dict[str, list[Byline]] = {}
    blocks: list[list[Byline]] = []
    for key, group in groupby(bylines.of_blocks(block_keys), key=lambda byline: byline.block_key):
        block = list(group)
        new = [] if whole else _newcomers(block)
        if new:
            waiting[key] = new
            _plan(block, _placed(block, new), changes)
        else:
            blocks.append(block)
    for block, resolution in zip(blocks, resolve_all([[b.mention for b in block] for block in blocks]), strict=True):
        _plan(block, resolution, changes)
    _create(changes)
    decided_whole = [key for key in block_keys if key not in waiting]
    ask(decided_whole, changes.questions, bylines=[b.mention.id for new in waiting.values() for b in new])
    _note_grown(waiting, decided_whole)
    if not changes.decided:
        return set()
    _store_decisions(changes.decided)
    moved = {owner for byline, _, researcher_id in changes.decided for owner in (byline.researcher_id, researcher_id)}
    renamed = naming.rename([researcher_id for researcher_id, _ in changes.kept if researcher_id in moved])
    changes.merged = _emptied(changes.merged)
    _store_merges(changes.merged)
    _store_events(changes)
    return _affected(changes, renamed)


def _newcomers(block: Sequence[Byline]) -> list[Byline]:
    """The bylines to place one by one, if the block is so crowded and they are so few that it is worth it."""
    if len(block) < CROWDED:
        return []
    waiting = {DecisionKind.PENDING, DecisionKind.UNDECIDED}
    new = [byline for byline in block if byline.kind in waiting and anchor_of(byline.mention) is None]
    return new if len(new) <= FEW * len(block) else []


def _placed(block: Sequence[Byline], new: Sequence[Byline]) -> Resolution:
    """The new bylines placed among the others, whose decisions stand."""
    free = {byline.mention.id for byline in new}
    decided = {
        byline.mention.id: Decision(
            byline.mention.id,
            byline.kind,
            None,
            byline.confidence or 0.0,
            msgspec.json.decode(byline.evidence, type=tuple[Evidence, ...]),
        )
        for byline in block
        if byline.mention.id not in free
    }
    return resolve_new([byline.mention for byline in block], decided)


def _note_grown(waiting: Mapping[str, Sequence[Byline]], decided_whole: Sequence[str]) -> None:
    """Note which blocks have grown, by bylines that nothing had been decided about, and which have been caught up on."""
    grown = {key: sum(byline.kind == DecisionKind.PENDING for byline in new) for key, new in waiting.items()}
    bulk.run("DELETE FROM profiles_grownblock WHERE block_key = ANY(%s)", [list(decided_whole)])
    rows = [(key, count) for key, count in sorted(grown.items()) if count]
    if rows:
        bulk.run(
            """
            INSERT INTO profiles_grownblock AS g (block_key, added) SELECT * FROM unnest(%s::text[], %s::int[])
            ON CONFLICT (block_key) DO UPDATE SET added = g.added + excluded.added
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )


def _plan(block: Sequence[Byline], resolution: Resolution, changes: _Change) -> None:
    """Give every cluster a researcher: its anchor, else the one who holds most of its bylines already, else a new one."""
    by_id = {byline.mention.id: byline for byline in block}
    claims: list[tuple[int, int, int]] = []
    owner: dict[int, int] = {}
    successor: dict[int, int] = {}
    for index, cluster in enumerate(resolution.clusters):
        mentions = [by_id[m].mention for m in cluster]
        for anchor in {anchor for mention in mentions if (anchor := anchor_of(mention)) is not None}:
            owner[index] = successor[anchor] = anchor
        barred = {researcher for mention in mentions for researcher in mention.barred}
        # A record of another block has a place in this one only where it is anchored.
        holders = Counter(
            byline.researcher_id for m in cluster if (byline := by_id[m]).at_home and byline.researcher_id not in barred
        )
        claims += [(-count, holder, index) for holder, count in holders.items() if holder is not None]
    for _, researcher_id, index in sorted(claims):
        if researcher_id in successor:
            continue
        if index not in owner:
            owner[index] = researcher_id
            successor[researcher_id] = researcher_id
        else:
            # All its bylines went elsewhere: the record joins the one that took most of them.
            successor[researcher_id] = -1 - index
    for index, cluster in enumerate(resolution.clusters):
        members = [by_id[m] for m in cluster]
        if index in owner:
            changes.kept.append((owner[index], members))
        else:
            # A placeholder until `_create` has reserved real keys.
            owner[index] = -1 - len(changes.created)
            changes.created.append((owner[index], min(b.mention.sort_key for b in members), members))
    changes.questions += [
        Question(
            kind=doubt.kind,
            block_key=block[0].block_key,
            records=tuple(owner[cluster] for cluster in doubt.clusters),
            scores=doubt.scores,
            bylines=doubt.mentions,
            weight=doubt.weight,
        )
        for doubt in resolution.doubts
    ]
    changes.merged += [(gone, owner[-1 - target]) for gone, target in successor.items() if target < 0]
    for found in resolution.decisions:
        byline = by_id[found.mention_id]
        decision = _with_keys(found, byline.institutions)
        decided = None if decision.cluster is None else owner[decision.cluster]
        evidence = msgspec.json.encode(decision.evidence).decode()
        if (
            decided != byline.researcher_id
            or decision.kind != byline.kind
            or decision.confidence != byline.confidence
            or msgspec.json.decode(evidence) != msgspec.json.decode(byline.evidence)
        ):
            changes.decided.append((byline, decision, decided))


def _with_keys(decision: Decision, institutions: dict[str, str]) -> Decision:
    """The decision with institutions named by key, as evidence is stored."""
    if not institutions:
        return decision
    evidence = tuple(
        msgspec.structs.replace(e, value=institutions[e.value]) if e.value in institutions else e
        for e in decision.evidence
    )
    return msgspec.structs.replace(decision, evidence=evidence)


def _create(changes: _Change) -> None:
    """Insert the new researchers and put their real keys in place of the placeholders."""
    real = _revive(changes)
    if not changes.created and not real:
        return
    keys = naming.create([
        naming.Draft(natural, members[0].block_key, _display_name(members)) for _, natural, members in changes.created
    ])  # fmt: skip
    real.update((placeholder, key) for (placeholder, _, _), key in zip(changes.created, keys, strict=True))
    changes.created = [(real[p], natural, members) for p, natural, members in changes.created]
    changes.decided = [(b, d, real.get(r, r) if r is not None else None) for b, d, r in changes.decided]
    changes.merged = [(gone, real.get(target, target)) for gone, target in changes.merged]
    changes.questions = [
        msgspec.structs.replace(question, records=tuple(real.get(r, r) for r in question.records))
        for question in changes.questions
    ]


def _revive(changes: _Change) -> dict[int, int]:
    """Records that stand empty since their bylines became undecided: one goes on where such a byline goes now.

    A new cluster takes it over (its key, by placeholder); a known researcher is what its address redirects to.
    """
    homes = {
        public_id("researcher", byline.mention.sort_key): owner
        for owner, members in [*changes.kept, *((placeholder, members) for placeholder, _, members in changes.created)]
        for byline in members
        if byline.kind == DecisionKind.UNDECIDED
    }
    real: dict[int, int] = {}
    if homes:
        for public, key in bulk.fetch(
            """
            SELECT public_id, id FROM profiles_researcher r
             WHERE public_id = ANY(%s) AND merged_into_id IS NULL AND removed_at IS NULL
               AND NOT EXISTS (SELECT FROM works_authorship a WHERE a.researcher_id = r.id)
               AND NOT EXISTS (SELECT FROM works_rejection j WHERE j.researcher_id = r.id)
               AND NOT EXISTS (SELECT FROM profiles_distinction d WHERE r.id IN (d.researcher_id, d.other_id))
             ORDER BY id
            """,
            [list(homes)],
        ):
            home = homes[public]
            if home < 0 and home not in real:
                real[home] = key
            else:
                changes.merged.append((key, home))
    changes.kept += [(real[placeholder], members) for placeholder, _, members in changes.created if placeholder in real]
    changes.created = [created for created in changes.created if created[0] not in real]
    return real


def _display_name(members: Sequence[Byline]) -> str:
    return preferred(naming.spellings(byline.mention.name for byline in members))


def _store_decisions(decided: Sequence[tuple[Byline, Decision, int | None]]) -> None:
    rows = sorted(
        (
            byline.mention.id,
            researcher_id,
            decision.kind,
            decision.confidence,
            msgspec.json.encode(decision.evidence).decode(),
        )
        for byline, decision, researcher_id in decided
    )
    bulk.run(
        "CREATE TEMP TABLE decided (id bigint, researcher_id bigint, kind text, confidence float8, evidence jsonb) ON COMMIT DROP"
    )
    bulk.copy_rows("decided", ("id", "researcher_id", "kind", "confidence", "evidence"), rows)
    bulk.run(
        """
        UPDATE works_authorship a
           SET researcher_id = d.researcher_id, kind = d.kind, confidence = d.confidence, evidence = d.evidence
          FROM decided d WHERE a.id = d.id
        """,
    )
    bulk.run("DROP TABLE decided")


def _emptied(merged: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without the records that hold something elsewhere, are claimed or taken down, or of which a person said who they are not."""
    if not merged:
        return []
    empty = {
        row[0]
        for row in bulk.fetch(
            """
            SELECT r.id FROM profiles_researcher r
             WHERE r.id = ANY(%s) AND r.removed_at IS NULL AND r.verification_level < %s
               AND NOT EXISTS (SELECT FROM works_authorship a WHERE a.researcher_id = r.id)
               AND NOT EXISTS (SELECT FROM works_rejection j JOIN profiles_researcher o ON o.id = j.researcher_id
                                WHERE o.id = r.id OR o.merged_into_id = r.id)
               AND NOT EXISTS (SELECT FROM profiles_distinction d JOIN profiles_researcher o ON o.id IN (d.researcher_id, d.other_id)
                                WHERE o.id = r.id OR o.merged_into_id = r.id)
            """,
            [[gone for gone, _ in merged], VerificationLevel.AUTHENTICATED],
        )
    }
    return [(gone, target) for gone, target in merged if gone in empty]


def _store_merges(merged: Sequence[tuple[int, int]]) -> None:
    """The emptied record redirects; so do records that redirected to it, in one hop."""
    if merged:
        bulk.run(
            """
            UPDATE profiles_researcher r SET merged_into_id = m.target, merged_at = now()
              FROM unnest(%s::bigint[], %s::bigint[]) AS m(gone, target)
             WHERE r.id = m.gone OR r.merged_into_id = m.gone
            """,
            [[gone for gone, _ in merged], [target for _, target in merged]],
        )


_EVENT = ("kind", "researcher_id", "other_id", "bylines", "before", "after", "works", "happened_at")


def _store_events(changes: _Change) -> None:
    """One event per researcher and batch for what it gained first, and one for what changed hands."""
    first: dict[int, list[int]] = {}
    moved: dict[int, list[tuple[int, int | None, int | None]]] = {}
    for byline, _, researcher_id in changes.decided:
        subject = researcher_id if researcher_id is not None else byline.researcher_id
        if subject is None or byline.researcher_id == researcher_id:
            continue
        if byline.first:
            first.setdefault(subject, []).append(byline.mention.id)
        else:
            moved.setdefault(subject, []).append((byline.mention.id, byline.researcher_id, researcher_id))
    rows: list[tuple[str, int, int | None, list[int], list[int | None], list[int | None]]] = [
        (EventKind.ASSIGNED.value, subject, None, sorted(keys), [], []) for subject, keys in sorted(first.items())
    ]
    for subject, moves in sorted(moved.items()):
        keys, before, after = zip(*sorted(moves), strict=True)
        rows.append((EventKind.MOVED.value, subject, None, list(keys), list(before), list(after)))
    # The time that `_store_merges` writes; the column's own default is that of the statement.
    now = bulk.fetch("SELECT now()")[0][0]
    bulk.copy_rows("profiles_identityevent", _EVENT, ((*row, [], now) for row in rows))
    if changes.merged:
        # After the others, because events count in the order of their keys.
        numbers = bulk.new_ids("profiles_identityevent", len(changes.merged))
        merges = zip(numbers, changes.merged, strict=True)
        bulk.copy_rows(
            "profiles_identityevent",
            ("id", *_EVENT),
            ((number, EventKind.MERGED.value, *pair, [], [], [], [], now) for number, pair in merges),
        )
        events.records_rearranged.send(sender=None, event_ids=numbers)


def _affected(changes: _Change, renamed: set[int]) -> set[int]:
    """Everybody on a work whose bylines changed hands has other co-authors now, or the same under another name.

    For a byline's first decision that is taken care of: the import that brought it has made the other bylines of
    the work stale as well, or has named the researchers on them, and nobody is recomputed while blocks are stale.
    """
    moved = [(b, r) for b, _, r in changes.decided if b.researcher_id != r]
    works = sorted({byline.mention.work for byline, _ in moved if not byline.first})
    affected = {r for _, _, r in changes.decided if r is not None}
    affected |= {byline.researcher_id for byline, _ in moved if byline.researcher_id is not None}
    return affected | naming.company(works=works, researchers=sorted(renamed))


def _tell(affected: set[int]) -> None:
    if affected:
        events.researchers_changed.send(sender=None, researcher_ids=sorted(affected), cause="bylines assigned")
