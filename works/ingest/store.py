"""The only writer of works, their versions, identifiers, topics and printed bylines. A batch at a time.

Everything here runs inside the caller's transaction. Keys are sorted before they are written, and everybody takes
first the marks of name blocks, then their bylines, then the marks of researchers: so two can wait for each other but
never deadlock. New works arrive by COPY; known ones are compared first and touched only where they differ, so that
repeating an import writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import transaction

from researchgraph import events
from researchgraph.lib import bulk
from researchgraph.lib.public_ids import public_id
from researchgraph.lib.text import fold, slug
from works.ingest import held
from works.ingest.keyed import KeyedTable
from works.ingest.merge import MergedWork
from works.ingest.texts import Texts
from works.records import ParsedAuthor

TABLES = (
    "works_work", "works_workversion", "works_workidentifier", "works_worktopic", "works_workinstitution",
    "works_authorship", "works_heldidentifier", "works_topic", "works_venue", "profiles_institution", "works_sourcerecord",
    "profiles_registryentry", "works_episode",
)  # fmt: skip
"""All tables an import writes."""

SPELLINGS_REMEMBERED = 100_000

WORK_COLUMNS = (
    "title", "title_html", "title_key", "slug", "abstract", "abstract_html", "type", "year", "date", "venue_id",
    "primary_topic_id", "author_count", "authors_truncated", "author_keys", "source_count", "version_label",
    "code_url", "site_url", "pdf_url", "license", "unaligned_affiliations", "provenance", "alternatives",
)  # fmt: skip

BYLINE_COLUMNS = (
    "raw_name", "raw_affiliation", "affiliation_domain", "native_name", "identifiers", "name_key", "block_key", "institutions",
)  # fmt: skip

_STATED = """(identifiers || coalesce(
    (SELECT jsonb_object_agg(scheme, value) FROM works_heldidentifier h WHERE h.authorship_id = a.id), '{}'
))::text"""
"""What the sources state of a byline, with what of it is held back."""


class WorkDraft(msgspec.Struct, frozen=True):
    """A work to write. `record` names the record that brought it ("source:key")."""

    work_id: int
    is_new: bool
    record: str
    merged: MergedWork


class Lookups:
    """Ids of venues, topics and institutions, remembered for the length of one import run; `texts` of the batch at hand."""

    def __init__(self) -> None:
        self.texts = Texts()
        self.venues = KeyedTable("works_venue", ["key"], ["key", "name"])
        self.topics = KeyedTable("works_topic", ["kind", "key"], ["kind", "key", "public_id", "label", "code", "slug"])
        self.institutions = KeyedTable("profiles_institution", ["key"], ["key", "public_id", "name", "slug"])
        self.spellings: set[tuple[int, str]] = set()

    def remember(self, spellings: Sequence[tuple[int, str]]) -> None:
        """Note committed spellings, so that the next batches need not offer them again."""
        if len(self.spellings) > SPELLINGS_REMEMBERED:
            self.spellings.clear()
        self.spellings.update(spellings)


class _Ids(msgspec.Struct, frozen=True):
    """The ids one batch needs, by key, and what its texts come to."""

    venues: dict[tuple[str, ...], int]
    topics: dict[tuple[str, ...], int]
    institutions: dict[tuple[str, ...], int]
    texts: Texts


def write_works(drafts: Sequence[WorkDraft], lookups: Lookups, *, lost: Iterable[int] = ()) -> set[str]:
    """Create the new works and bring the known ones up to date; tells listeners what changed.

    `lost` are researchers who lost bylines already, to be told of with the others. Returns the ORCID iDs that the works'
    bylines state or stated, for `held.recheck` once the source records are there.
    """
    ids = _resolve(drafts, lookups)
    fresh = [draft for draft in drafts if draft.is_new]
    known = sorted((draft for draft in drafts if not draft.is_new), key=lambda draft: draft.work_id)
    blocks: set[str] = set()
    orcids = {
        author.identifiers["orcid"] for d in drafts for author in d.merged.authors if "orcid" in author.identifiers
    }
    orcids |= held.stated([draft.work_id for draft in known]) if known else set()
    losers = set(lost)
    if fresh:
        _insert(fresh, ids, blocks)
    changed = _update(known, ids, blocks, losers) if known else []
    _write_spellings(drafts, ids, lookups)
    if fresh:
        events.works_added.send(sender=None, work_ids=[draft.work_id for draft in fresh])
    if blocks:
        events.bylines_changed.send(sender=None, block_keys=sorted(blocks))
    if changed or losers:
        events.works_changed.send(sender=None, work_ids=changed, lost=sorted(losers))
    return orcids


def _topic_key(kind: str, code: str, label: str) -> tuple[str, str]:
    return kind, code if kind == "category" and code else fold(label) or label.casefold()


def _resolve(drafts: Sequence[WorkDraft], lookups: Lookups) -> _Ids:
    venues: dict[tuple[str, ...], Any] = {}
    topics: dict[tuple[str, ...], Any] = {}
    institutions: dict[tuple[str, ...], Any] = {}
    for draft in drafts:
        # A corrected venue may be that of no version.
        for name in (draft.merged.venue, *(version.version.venue for version in draft.merged.versions)):
            if name:
                key = (fold(name) or name,)
                venues.setdefault(key, lambda key=key, name=name: (*key, name))
        for topic in draft.merged.topics:
            pair = _topic_key(topic.kind, topic.code, topic.label)
            topics.setdefault(
                pair,
                lambda pair=pair, topic=topic: (
                    *pair,
                    public_id("topic", "\x1f".join(pair)),
                    topic.label,
                    topic.code,
                    slug(topic.label),
                ),
            )
        for author in draft.merged.authors:
            for affiliation in author.affiliations:
                for one in lookups.texts.organisations(affiliation):
                    institutions.setdefault(
                        (one.key,),
                        lambda one=one: (one.key, public_id("institution", one.key), one.name, slug(one.name)),
                    )
    return _Ids(
        lookups.venues.ids(venues),
        lookups.topics.ids(topics),
        lookups.institutions.ids(institutions),
        lookups.texts,
    )


def _venue_id(name: str, ids: _Ids) -> int | None:
    return ids.venues[(fold(name) or name,)] if name else None


def _institution_ids(author: ParsedAuthor, ids: _Ids) -> list[int]:
    found = (
        ids.institutions[(organisation.key,)]
        for affiliation in author.affiliations
        for organisation in ids.texts.organisations(affiliation)
    )
    return list(dict.fromkeys(found))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _work_row(merged: MergedWork, ids: _Ids) -> tuple[Any, ...]:
    topics = [ids.topics[_topic_key(t.kind, t.code, t.label)] for t in merged.topics if t.kind == "category"]
    title = ids.texts.title(merged.title)
    return (
        merged.title,
        title.html,
        title.key,
        title.slug,
        merged.abstract,
        ids.texts.abstract(merged.abstract),
        merged.type,
        merged.year,
        merged.date,
        _venue_id(merged.venue, ids),
        topics[0] if topics else None,
        len(merged.authors),
        merged.authors_truncated,
        [ids.texts.name(author.name).key for author in merged.authors],
        merged.source_count,
        merged.version_label,
        merged.code_url,
        merged.site_url,
        merged.pdf_url,
        merged.license,
        list(merged.unaligned_affiliations),
        _json(merged.provenance),
        _json(merged.alternatives) if merged.alternatives else "{}",
    )


def _byline_row(author: ParsedAuthor, ids: _Ids) -> tuple[Any, ...]:
    keys = ids.texts.name(author.name)
    return (
        author.name,
        "; ".join(author.affiliations),
        author.affiliation_domain,
        author.native_name,
        _json(dict(sorted(author.identifiers.items()))),
        keys.key,
        keys.block,
        _institution_ids(author, ids),
    )


def _insert(drafts: Sequence[WorkDraft], ids: _Ids, blocks: set[str]) -> None:
    public_ids = _public_ids(drafts, ids.texts)
    bulk.copy_rows(
        "works_work",
        ("id", "public_id", *WORK_COLUMNS),
        ((d.work_id, pid, *_work_row(d.merged, ids)) for d, pid in zip(drafts, public_ids, strict=True)),
    )
    _insert_parts(drafts, ids)
    rows = []
    for draft in drafts:
        for position, author in enumerate(draft.merged.authors):
            row = _byline_row(author, ids)
            blocks.add(row[6])
            rows.append((draft.work_id, position, *row, "[]"))
    bulk.copy_rows("works_authorship", ("work_id", "position", *BYLINE_COLUMNS, "evidence"), rows)


def _public_ids(drafts: Sequence[WorkDraft], texts: Texts) -> list[str]:
    """A free public id for every draft. Of two works with one natural key, the later one is named by its record.

    The natural key is what all versions of a work have in common, whichever came first: title and first author.
    """
    natural = [f"{texts.title(d.merged.title).key}\x1f{texts.name(d.merged.authors[0].name).block}" for d in drafts]
    shared = [public_id("work", key) for key in natural]
    taken = _taken(shared)
    chosen: dict[int, str] = {}
    for place, candidate in enumerate(shared):
        if candidate not in taken:
            taken.add(candidate)
            chosen[place] = candidate
    left = {
        place: public_id("work", f"{natural[place]}\x1f{draft.record}")
        for place, draft in enumerate(drafts)
        if place not in chosen
    }
    taken |= _taken(list(left.values()))
    for place, own in left.items():
        candidate, attempt = own, 0
        while candidate in taken:
            attempt += 1
            candidate = public_id("work", drafts[place].record, attempt)
        taken.add(candidate)
        chosen[place] = candidate
    return [chosen[place] for place in range(len(drafts))]


def _taken(public_ids: Sequence[str]) -> set[str]:
    """Those of the ids that works have."""
    if not public_ids:
        return set()
    rows = bulk.fetch("SELECT public_id FROM works_work WHERE public_id = ANY(%s)", [sorted(set(public_ids))])
    return {row[0] for row in rows}


def _insert_parts(drafts: Sequence[WorkDraft], ids: _Ids) -> None:
    """Versions, topics and institutions by COPY; identifiers so that the first holder of a value keeps it."""
    bulk.copy_rows(
        "works_workversion",
        ("work_id", "kind", "venue_id", "year", "date", "status", "track", "revision", "sources"),
        (
            (
                draft.work_id,
                v.version.kind,
                _venue_id(v.version.venue, ids),
                v.version.year,
                v.version.date,
                v.version.status,
                v.version.track,
                v.version.revision,
                list(v.sources),
            )
            for draft in drafts
            for v in draft.merged.versions
        ),
    )
    _insert_identifiers(drafts)
    bulk.copy_rows(
        "works_worktopic",
        ("work_id", "topic_id", "year"),
        (
            (draft.work_id, topic, draft.merged.year or 0)
            for draft in drafts
            for topic in sorted({ids.topics[_topic_key(t.kind, t.code, t.label)] for t in draft.merged.topics})
        ),
    )
    bulk.copy_rows(
        "works_workinstitution",
        ("work_id", "institution_id", "year"),
        (
            (draft.work_id, institution, draft.merged.year or 0)
            for draft in drafts
            for institution in sorted({i for author in draft.merged.authors for i in _institution_ids(author, ids)})
        ),
    )


def _insert_identifiers(drafts: Iterable[WorkDraft]) -> None:
    """A value held by another work stays there; matching has already asked a curator about it."""
    rows = sorted((scheme, value, draft.work_id) for draft in drafts for scheme, value in draft.merged.identifiers)
    if rows:
        bulk.run(
            """
            INSERT INTO works_workidentifier (scheme, value, work_id)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )


def _update(drafts: Sequence[WorkDraft], ids: _Ids, blocks: set[str], losers: set[int]) -> list[int]:
    """Rewrite what differs; ids of works that changed in anything. Notes the blocks to mark and who lost bylines."""
    work_ids = [draft.work_id for draft in drafts]
    told = _telling(work_ids)
    columns = ", ".join(WORK_COLUMNS)
    bulk.run(
        f"CREATE TEMP TABLE incoming_work ON COMMIT DROP AS SELECT id, {columns} FROM works_work WITH NO DATA",  # noqa: S608 - column names are ours
    )
    bulk.copy_rows("incoming_work", ("id", *WORK_COLUMNS), ((d.work_id, *_work_row(d.merged, ids)) for d in drafts))
    changed = {
        row[0]
        for row in bulk.fetch(
            f"""
            UPDATE works_work w SET ({columns}, updated_at) = (SELECT {", ".join(f"n.{c}" for c in WORK_COLUMNS)}, now())
              FROM incoming_work n
             WHERE n.id = w.id AND ({", ".join(f"n.{c}" for c in WORK_COLUMNS)})
                   IS DISTINCT FROM ({", ".join(f"w.{c}" for c in WORK_COLUMNS)})
            RETURNING w.id
            """,  # noqa: S608 - column names are ours
        )
    }
    bulk.run("DROP TABLE incoming_work")
    # A second source may add a version or an identifier and leave the work's own row as it was.
    changed.update(_replace_parts(drafts, ids))
    changed.update(_update_bylines(drafts, ids, losers))
    telling = [work_id for work_id, facts in _telling(work_ids).items() if facts != told.get(work_id)]
    if telling:
        query = "SELECT DISTINCT block_key FROM works_authorship WHERE work_id = ANY(%s)"
        blocks.update(row[0] for row in bulk.fetch(query, [telling]))
    return sorted(changed & set(work_ids))


def _telling(work_ids: Sequence[int]) -> dict[int, str]:
    """What of each work the rule looks at to tell its authors apart, so that they are decided on again when it changes."""
    return dict(
        bulk.fetch(
            """
            SELECT w.id, md5(row(w.title, w.year, w.venue_id, w.unaligned_affiliations, w.author_keys,
                                 ARRAY(SELECT t.topic_id FROM works_worktopic t WHERE t.work_id = w.id ORDER BY 1))::text)
              FROM works_work w WHERE w.id = ANY(%s)
            """,
            [list(work_ids)],
        )
    )


PARTS = """
    SELECT w.id,
           ARRAY(SELECT (v.kind, v.venue_id, v.year, v.date, v.status, v.track, v.revision, v.sources)::text
                   FROM works_workversion v WHERE v.work_id = w.id ORDER BY 1),
           ARRAY(SELECT i.scheme || ':' || i.value FROM works_workidentifier i WHERE i.work_id = w.id ORDER BY 1),
           ARRAY(SELECT t.topic_id FROM works_worktopic t WHERE t.work_id = w.id ORDER BY 1),
           ARRAY(SELECT n.institution_id FROM works_workinstitution n WHERE n.work_id = w.id ORDER BY 1)
      FROM works_work w WHERE w.id = ANY(%s)
"""


def _replace_parts(drafts: Sequence[WorkDraft], ids: _Ids) -> set[int]:
    """Replace the parts of known works; the works whose parts are now different."""
    work_ids = [draft.work_id for draft in drafts]
    before = {row[0]: row[1:] for row in bulk.fetch(PARTS, [work_ids])}
    for table in ("works_workversion", "works_workidentifier", "works_worktopic", "works_workinstitution"):
        bulk.run(f"DELETE FROM {table} WHERE work_id = ANY(%s)", [work_ids])  # noqa: S608 - table names are ours
    _insert_parts(drafts, ids)
    after = {row[0]: row[1:] for row in bulk.fetch(PARTS, [work_ids])}
    return {work_id for work_id in work_ids if before[work_id] != after[work_id]}


def _update_bylines(drafts: Sequence[WorkDraft], ids: _Ids, losers: set[int]) -> set[int]:
    """Bring the printed bylines of known works up to date; marks their blocks first.

    A byline that goes on as the same person keeps its key, and with it its place in the identity events and its
    decision. Unless a person took it, the rule looks at the decision again; untouched bylines are left alone.
    """
    stored: dict[tuple[int, int], tuple[Any, ...]] = {}
    keys: dict[tuple[int, int], int] = {}
    for key, work_id, position, *facts in bulk.fetch(
        f"""
        SELECT id, work_id, position, {", ".join(BYLINE_COLUMNS).replace("identifiers", _STATED)}
          FROM works_authorship a WHERE work_id = ANY(%s) ORDER BY work_id, position
        """,  # noqa: S608 - column names are ours
        [[draft.work_id for draft in drafts]],
    ):
        facts[4] = _json(dict(sorted(msgspec.json.decode(facts[4]).items())))
        stored[work_id, position] = tuple(facts)
        keys[work_id, position] = key
    wanted = {
        (draft.work_id, position): _byline_row(author, ids)
        for draft in drafts
        for position, author in enumerate(draft.merged.authors)
    }
    touched = sorted(key for key in stored.keys() | wanted.keys() if stored.get(key) != wanted.get(key))
    if not touched:
        return set()
    # What is printed only imports change, which take turns; who it is, workers decide while they hold these marks.
    marked = {rows[place][6] for rows in (stored, wanted) for place in touched if place in rows}
    events.bylines_changed.send(sender=None, block_keys=sorted(marked))
    losers.update(
        row[0]
        for row in bulk.fetch(
            "SELECT researcher_id FROM works_authorship WHERE id = ANY(%s) AND researcher_id IS NOT NULL",
            [[keys[place] for place in touched if place in keys]],
        )
    )
    before = _same_person(touched, stored, wanted)
    going_on = set(before.values())
    gone = [keys[place] for place in touched if place in stored and place not in going_on]
    held.forget([keys[place] for place in touched if place in keys])
    bulk.run("DELETE FROM works_authorship WHERE id = ANY(%s)", [gone])
    _correct_bylines([(keys[old], place[1], *wanted[place]) for place, old in before.items()])
    bulk.copy_rows(
        "works_authorship",
        ("work_id", "position", *BYLINE_COLUMNS, "evidence"),
        ((*place, *wanted[place], "[]") for place in touched if place in wanted and place not in before),
    )
    return {place[0] for place in touched}


def _correct_bylines(rows: Sequence[tuple[Any, ...]]) -> None:
    """Print known bylines anew, by key. Without its evidence, which may have changed, a decision is taken for a new one."""
    if not rows:
        return
    columns = ("position", *BYLINE_COLUMNS)
    bulk.run(
        f"CREATE TEMP TABLE corrected ON COMMIT DROP AS SELECT id, {', '.join(columns)} FROM works_authorship WITH NO DATA",  # noqa: S608 - column names are ours
    )
    bulk.copy_rows("corrected", ("id", *columns), sorted(rows))
    bulk.run(
        f"""
        UPDATE works_authorship a
           SET {", ".join(f"{column} = c.{column}" for column in columns)},
               evidence = CASE WHEN a.kind = 'confirmed' THEN a.evidence ELSE '[]' END
          FROM corrected c WHERE a.id = c.id
        """,  # noqa: S608 - column names are ours
    )
    bulk.run("DROP TABLE corrected")


def _same_person(
    touched: Sequence[tuple[int, int]],
    stored: dict[tuple[int, int], tuple[Any, ...]],
    wanted: dict[tuple[int, int], tuple[Any, ...]],
) -> dict[tuple[int, int], tuple[int, int]]:
    """For every new byline the old one it goes on from, on the same work.

    That is the same name, else the same place and block, else the only one of its block that is left.
    """
    by_name = {(key[0], stored[key][5]): key for key in reversed(touched) if key in stored}
    found = {key: old for key in touched if key in wanted and (old := by_name.pop((key[0], wanted[key][5]), None))}
    used = set(found.values())
    for key in touched:
        if (
            key in wanted
            and key in stored
            and key not in found
            and key not in used
            and stored[key][6] == wanted[key][6]
        ):
            found[key] = key
    used = set(found.values())
    left: dict[tuple[int, str], tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    for key in touched:
        if key in stored and key not in used:
            left.setdefault((key[0], stored[key][6]), ([], []))[0].append(key)
        if key in wanted and key not in found:
            left.setdefault((key[0], wanted[key][6]), ([], []))[1].append(key)
    found.update((new[0], old[0]) for old, new in left.values() if len(old) == len(new) == 1)
    return found


def _write_spellings(drafts: Sequence[WorkDraft], ids: _Ids, lookups: Lookups) -> None:
    seen = {
        (ids.institutions[(organisation.key,)], affiliation)
        for draft in drafts
        for author in draft.merged.authors
        for affiliation in author.affiliations
        for organisation in ids.texts.organisations(affiliation)
    }
    fresh = sorted(seen - lookups.spellings)
    if not fresh:
        return
    respelled = {
        row[0]
        for row in bulk.fetch(
            "INSERT INTO profiles_institutionspelling (institution_id, text)"
            " SELECT * FROM unnest(%s::bigint[], %s::text[]) ON CONFLICT DO NOTHING RETURNING institution_id",
            [[pair[0] for pair in fresh], [pair[1] for pair in fresh]],
        )
    }
    # A spelling may print a country, which tells registry entries of one name apart.
    bulk.run("UPDATE profiles_institution SET link_due = true WHERE id = ANY(%s) AND NOT link_due", [sorted(respelled)])
    transaction.on_commit(lambda: lookups.remember(fresh))
