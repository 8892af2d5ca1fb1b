"""One question to a curator with its evidence side by side. A fixed number of queries, whatever the records hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Final

import msgspec
from markupsafe import Markup

from profiles import bylines, comparison, printed, questions
from profiles.bylines import Byline
from profiles.comparison import ASPECTS, MOST, Score, Stated
from profiles.matching.model import shipped
from profiles.matching.vocabulary import venue_series
from profiles.models import ReviewKind, VerificationLevel
from profiles.names import loose_key
from researchgraph.lib import bulk, identifiers
from researchgraph.lib.dates import display, span
from researchgraph.lib.desk import AT_ONCE
from researchgraph.lib.public_ids import address
from works.row_selectors import markup

SHOWN: Final = 6
"""Values printed of each side in a row of the card; the others are counted."""
WORKS_SHOWN: Final = 3
_AUTHORS_AT_MOST: Final = bylines.COAUTHORS_CONSIDERED + 1


class Record(msgspec.Struct, frozen=True):
    """A record that the question is about; `score` is how likely the rule held it to be the one."""

    id: int
    public_id: str
    slug: str
    name: str
    chosen_name: str
    level: int
    works: int
    first_year: int | None
    last_year: int | None
    bylines: int
    addresses: int
    institutions: list[str]
    identifiers: list[str]
    score: float = 0.0

    @property
    def href(self) -> str:
        """The record's page."""
        return address("researchers", self.public_id, self.slug)

    @property
    def years(self) -> str:
        """First to last year, or ""."""
        return span(self.first_year, self.last_year)

    @property
    def claimed(self) -> bool:
        """Whether somebody has claimed it."""
        return self.level >= VerificationLevel.AUTHENTICATED


class Piece(msgspec.Struct, frozen=True):
    """One value on the card, whether the other side has it too, and for an identifier what its scheme is called."""

    text: str | Markup
    shared: bool = False
    href: str = ""
    label: str = ""


class Cell(msgspec.Struct, frozen=True):
    """What one side states of one kind; `more` values are not printed."""

    pieces: list[Piece]
    more: int = 0


class Row(msgspec.Struct, frozen=True):
    """One aspect of the evidence: both sides, the points it contributes (None for none of its own), a word on them."""

    key: str
    label: str
    one: Cell
    other: Cell
    points: float | None
    note: str = ""


class Head(msgspec.Struct, frozen=True):
    """Whom a side of the card is about. `href` is "" for a byline, which `about` then says of which work."""

    eyebrow: str
    name: str
    href: str
    about: str
    printed: list[str] = []


class Alike(msgspec.Struct, frozen=True):
    """Further questions that rest on the same evidence, as a value for the form, and the titles of their works."""

    value: str
    titles: list[str]


class Blast(msgspec.Struct, frozen=True):
    """What the answer that changes records would touch."""

    works: int
    bylines: int
    ties: int
    addresses: int


class Question(msgspec.Struct, frozen=True):
    """Everything the page of a question prints. `state` goes with the answer, which is refused if it is another then.

    `expected` is how likely the rule held the nearest record, or the two, when it asked.
    """

    id: int
    kind: str
    state: str
    taken_by: str
    mine: bool
    aside: bool
    one: Head
    other: Head
    rows: list[Row]
    against: list[str]
    score: Score
    expected: float
    unsure: float
    threshold: float
    blast: Blast
    joins: Record | None
    goes_on: Record | None
    candidate: Record | None
    others: list[Record]
    alike: Alike | None
    name_href: str


class _Asked(msgspec.Struct, frozen=True):
    kind: str
    block_key: str
    records: list[int]
    scores: list[float]
    bylines: list[int]
    taken_by: str
    mine: bool
    aside: bool
    state: str
    candidates: list[int]


class _Numbers(msgspec.Struct, frozen=True):
    bylines: int
    works: int
    other_bylines: int
    same_works: int
    rejected: int
    ties: int
    namesakes: int


class _Printed(msgspec.Struct, frozen=True):
    """A byline as the card prints it."""

    name: str
    chosen: bool
    position: int
    title: str | Markup
    href: str
    year: int | None
    date: str


_ASKED: Final = f"""
    SELECT q.kind, q.block_key, q.records, q.scores, q.bylines, coalesce(u.username, ''), coalesce(u.id = %s, false),
           q.postponed_at IS NOT NULL, {questions.STATE}, {questions.CANDIDATES}
      FROM profiles_review q LEFT JOIN auth_user u ON u.id = q.assigned_to_id WHERE q.id = %s
"""  # noqa: S608 - constants

_RECORDS: Final = """
    SELECT r.id, r.public_id, r.slug, r.display_name, r.printed_name, r.verification_level, r.works_count, r.first_year,
           r.last_year, (SELECT count(*) FROM works_authorship a WHERE a.researcher_id = r.id),
           (SELECT count(*) + 1 FROM profiles_researcher m WHERE m.merged_into_id = r.id),
           ARRAY(SELECT i.name FROM profiles_affiliation f JOIN profiles_institution i ON i.id = f.institution_id
                  WHERE f.researcher_id = r.id ORDER BY f.last_year DESC NULLS LAST, f.works DESC, i.name LIMIT 2),
           ARRAY(SELECT i.value FROM profiles_researcheridentifier i WHERE i.researcher_id = r.id
                  ORDER BY i.scheme = 'orcid' DESC, i.bylines DESC, i.value LIMIT 1)
      FROM profiles_researcher r WHERE r.id = ANY(%s)
"""

_NUMBERS: Final = """
    WITH one AS MATERIALIZED (SELECT a.id, a.work_id FROM works_authorship a
                               WHERE a.researcher_id = %(one)s OR a.id = ANY(%(part)s)),
         two AS MATERIALIZED (SELECT a.id, a.work_id FROM works_authorship a
                               WHERE a.researcher_id = %(two)s AND a.id <> ALL(%(part)s))
    SELECT (SELECT count(*) FROM one), (SELECT count(DISTINCT work_id) FROM one), (SELECT count(*) FROM two),
           (SELECT count(DISTINCT one.work_id) FROM one JOIN two USING (work_id)),
           (SELECT count(DISTINCT j.work_id) FROM works_rejection j
             WHERE (j.researcher_id = %(two)s AND j.work_id IN (SELECT work_id FROM one))
                OR (j.researcher_id = %(one)s AND j.work_id IN (SELECT work_id FROM two))),
           (SELECT count(DISTINCT b.researcher_id) FROM one JOIN works_authorship b
                ON b.work_id = one.work_id AND b.id <> one.id),
           (SELECT count(*) FROM works_authorship a WHERE a.block_key = %(block)s)
"""
"""How much is at stake: on the side that would move (`one`), and on the other."""

_PRINTED: Final = f"""
    SELECT a.id, CASE WHEN coalesce(h.printed_name, '') <> '' THEN h.printed_name ELSE a.raw_name END,
           coalesce(h.printed_name, '') <> '', a.position, w.title, w.title_html, w.public_id, w.slug, w.year, w.date
      FROM works_authorship a JOIN works_work w ON w.id = a.work_id {printed.HOLDER} WHERE a.id = ANY(%s)
"""  # noqa: S608 - constants

_COMPANY: Final = f"""
    SELECT a.work_id, a.name_key, {printed.NAME}
      FROM works_authorship a JOIN works_work w ON w.id = a.work_id {printed.HOLDER}
     WHERE a.work_id = ANY(%s) AND a.id <> ALL(%s) AND w.author_count <= %s AND NOT {printed.HIDDEN}
     ORDER BY a.work_id, a.position
"""  # noqa: S608 - constants
"""The co-authors as they are printed in public; whoever asked not to be named is left out."""

_ALIKE: Final = f"""
    SELECT q.id, {questions.STATE}, q.bylines[1], w.title
      FROM profiles_review q JOIN works_authorship b ON b.id = q.bylines[1] JOIN works_work w ON w.id = b.work_id
     WHERE q.kind = 'byline' AND q.block_key = %(block)s AND q.id <> %(review)s AND q.postponed_at IS NULL
       AND coalesce(q.assigned_to_id, %(user)s) = %(user)s
       AND b.name_key = (SELECT name_key FROM works_authorship WHERE id = %(byline)s)
       AND ({questions.CANDIDATES})[1] = %(candidate)s AND {questions.OPEN}
     ORDER BY {questions.ORDER} LIMIT %(limit)s
"""  # noqa: S608 - constants
"""Open questions about bylines of the same printed name whose nearest record is the same."""


def question(review: int, *, user: int) -> Question | None:
    """The question with its evidence; None if there is none of this key, or its records have gone."""
    rows = bulk.fetch(_ASKED, [user, review])
    if not rows:
        return None
    asked = _Asked(*rows[0])
    records = _records(asked)
    if len(records) < len(asked.records) or (asked.kind == ReviewKind.BYLINE and not asked.candidates):
        return None
    gone, kept = _sides(asked, records)
    part = asked.bylines if asked.kind in {ReviewKind.SPLIT, ReviewKind.BYLINE} else []
    numbers = _Numbers(
        *bulk.fetch(
            _NUMBERS, {"one": gone.id if gone else None, "two": kept.id, "part": part, "block": asked.block_key}
        )[0]
    )
    similar = _similar(asked, review, kept.id, user)
    one, other, rest = _mentions(gone, kept, part, [row[2] for row in similar])
    card = _Card(one, other, numbers)
    return Question(
        id=review,
        kind=asked.kind,
        state=asked.state,
        taken_by=asked.taken_by,
        mine=asked.mine,
        aside=asked.aside,
        one=_head("One record", gone) if gone else card.part_head(asked.kind, numbers),
        other=card.rest_head(kept, numbers)
        if asked.kind == ReviewKind.SPLIT
        else _head("The other record" if gone else "Nearest record", kept),
        rows=card.rows(),
        against=card.against(gone, kept),
        score=card.score,
        expected=asked.scores[0],
        unsure=shipped().unsure,
        threshold=shipped().threshold,
        blast=Blast(numbers.works, numbers.bylines, numbers.ties, gone.addresses if gone else 0),
        joins=gone,
        goes_on=kept if gone else None,
        candidate=kept if asked.kind == ReviewKind.BYLINE else None,
        others=[records[key] for key in asked.candidates[1:] if key in records],
        alike=_alike(similar, one, other, rest),
        name_href=f"/names/{asked.block_key.replace(' ', '-')}/",
    )


def _records(asked: _Asked) -> dict[int, Record]:
    scores = dict(zip(asked.records, asked.scores, strict=False))
    found = (Record(*row) for row in bulk.fetch(_RECORDS, [asked.records]))
    return {one.id: msgspec.structs.replace(one, score=scores.get(one.id, 0.0)) for one in found}


def _sides(asked: _Asked, records: dict[int, Record]) -> tuple[Record | None, Record]:
    """The record that would join the other, None where only bylines would move, and the one that stays."""
    if asked.kind == ReviewKind.SPLIT:
        return None, records[asked.records[0]]
    if asked.kind == ReviewKind.BYLINE:
        return None, records[asked.candidates[0]]
    kept, gone = sorted(records.values(), key=lambda r: (not r.claimed, -r.bylines, r.id))
    return gone, kept


def _similar(asked: _Asked, review: int, candidate: int, user: int) -> list[tuple[int, str, int, str]]:
    if asked.kind != ReviewKind.BYLINE:
        return []
    given = {"block": asked.block_key, "review": review, "user": user, "byline": asked.bylines[0]}
    return bulk.fetch(_ALIKE, {**given, "candidate": candidate, "limit": AT_ONCE})


def _mentions(
    gone: Record | None, kept: Record, part: Sequence[int], more: Sequence[int]
) -> tuple[list[Byline], list[Byline], list[Byline]]:
    """The bylines of both sides, at most MOST of each, and single ones besides."""
    chosen = set(part[:MOST])
    wanted = [kept.id] if gone is None else [gone.id, kept.id]
    # Of a record in two parts enough for both.
    most = MOST + len(part) if gone is None else MOST
    found = bylines.of_researchers(wanted, and_bylines=[*chosen, *more], most=min(most, 2 * MOST))
    one = [b for b in found if (b.mention.id in chosen if gone is None else b.researcher_id == gone.id)]
    other = [b for b in found if b.researcher_id == kept.id and b.mention.id not in set(part)]
    return one, other[:MOST], [b for b in found if b.mention.id in set(more)]


def _alike(
    similar: Sequence[tuple[int, str, int, str]], one: Sequence[Byline], other: Sequence[Byline], rest: Sequence[Byline]
) -> Alike | None:
    """Of similar questions those that share the same facts with the record; nothing shared makes none alike."""
    theirs = [b.mention for b in other]
    facts = comparison.facts_shared([b.mention for b in one], theirs)
    by_id = {b.mention.id: b.mention for b in rest}
    same = [
        row
        for row in similar
        if facts and row[2] in by_id and comparison.facts_shared([by_id[row[2]]], theirs) == facts
    ]  # fmt: skip
    if not same:
        return None
    return Alike(" ".join(f"{key}:{state}" for key, state, _, _ in same), [title for *_, title in same])


def _head(eyebrow: str, record: Record) -> Head:
    works = f"{record.works} {'work' if record.works == 1 else 'works'}"
    claimed = "claimed" if record.claimed else "unclaimed"
    about = ", ".join(fact for fact in (*record.identifiers, works, record.years, claimed) if fact)
    return Head(eyebrow, record.name, record.href, about)


class _Card:
    """The evidence of two sides, row by row."""

    def __init__(self, one: Sequence[Byline], other: Sequence[Byline], numbers: _Numbers) -> None:
        self.numbers = numbers
        self.bylines = (one, other)
        self.mentions = tuple([b.mention for b in side] for side in self.bylines)
        self.stated: tuple[Stated, ...] = tuple(comparison.stated(side) for side in self.mentions)
        self.score = comparison.compare(self.mentions[0], self.mentions[1], shipped(), namesakes=numbers.namesakes)
        everything = [b for side in self.bylines for b in side]
        self.printed = _printed(everything)
        self.company = _company(everything)
        self.places = _places(everything)
        self.venues = {
            venue_series(m.venue) or m.venue: m.venue for side in self.mentions for m in side if m.venue
        }  # fmt: skip

    def part_head(self, kind: str, numbers: _Numbers) -> Head:
        """The byline or the bylines to decide on."""
        shown = [self.printed[m.id] for m in self.mentions[0]]
        name = Counter(one.name for one in shown).most_common(1)[0][0] if shown else ""
        if kind == ReviewKind.BYLINE and shown:
            when = f" dated {display(shown[0].date)}" if shown[0].date else ""
            return Head("Byline to decide", name, "", f"author {shown[0].position + 1} on a work{when}")
        works = f"{numbers.works} {'work' if numbers.works == 1 else 'works'}"
        return Head("May be somebody else’s", name, "", ", ".join(fact for fact in (works, self._years(0)) if fact))

    def rest_head(self, record: Record, numbers: _Numbers) -> Head:
        """What the record would keep."""
        bylines_left = f"{numbers.other_bylines} {'byline' if numbers.other_bylines == 1 else 'bylines'}"
        about = ", ".join(fact for fact in (*record.identifiers, bylines_left, self._years(1)) if fact)
        return Head("The rest of the record", record.name, record.href, about)

    def rows(self) -> list[Row]:
        """All aspects but the contradictions."""
        points = self.score.points if self.score.compared else dict.fromkeys(ASPECTS)
        one, other = self.stated
        namesakes = f"{self.numbers.namesakes:,} bylines of this name"
        made = [
            ("name", self._names(), namesakes),
            ("works", self._works(), ""),
            ("coauthors", self._people(), self._count(one.coauthors, other.coauthors, self.company)),
            ("place", self._keyed("places", lambda key: self.places.get(key, key)), ""),
            ("identifier", self._keyed("identifiers", _value, _scheme), ""),
            ("subject", self._words(), ""),
            ("venue", self._keyed("venues", lambda key: self.venues.get(key, key)), ""),
            ("years", (_only(self._years(0)), _only(self._years(1))), self._apart()),
        ]
        return [
            Row(key, "Works" if key == "works" else ASPECTS[key][0], cells[0], cells[1], points.get(key), note)
            for key, cells, note in made
        ]

    def against(self, gone: Record | None, kept: Record) -> list[str]:
        """What speaks against one person, in sentences."""
        found = []
        for clash in comparison.contradictions(*self.mentions):
            values = " and ".join(clash.values[:3])
            rule = "The rule never joins these" if clash.never else "The rule counts such pairs as unlikely"
            found.append(f"Different {identifiers.label(clash.scheme)} identifiers: {values}. {rule}.")
        same = self.numbers.same_works
        if same:
            found.append(f"Both stand on {f'{same} works' if same > 1 else 'one work'}, as two authors.")
        impossible = self.score.impossible
        if impossible and not same:
            pairs = self.score.compared + impossible
            found.append(f"Names that exclude each other: {impossible} of {pairs} pairs of bylines.")
        if gone and gone.claimed and kept.claimed:
            found.append("Both records are claimed.")
        if self.numbers.rejected:
            works = "One work was" if self.numbers.rejected == 1 else f"{self.numbers.rejected} works were"
            found.append(f"{works} marked as not theirs.")
        return found

    def _names(self) -> tuple[Cell, Cell]:
        shared = self.stated[0].names.keys() & self.stated[1].names.keys()
        cells = []
        for side in self.mentions:
            seen: dict[str, bool] = {}
            for mention in side:
                shown = self.printed[mention.id]
                seen[shown.name] = not shown.chosen and mention.name_key in shared
            cells.append(_cell([Piece(name, mark) for name, mark in sorted(seen.items(), key=lambda one: not one[1])]))
        return cells[0], cells[1]

    def _works(self) -> tuple[Cell, Cell]:
        """A few works of each side, those first that share most with the other side."""
        cells = []
        for side, theirs in ((0, 1), (1, 0)):
            there = self.stated[theirs]

            def near(byline: Byline, there: Stated = there) -> tuple[int, int, int]:
                mention = byline.mention
                people = {loose_key(name) for name in mention.coauthors if name}
                words = set(comparison.stated([mention]).words)
                return -len(people & there.coauthors.keys()), -len(words & there.words.keys()), -(mention.year or 0)

            order = [self.printed[b.mention.id] for b in sorted(self.bylines[side], key=near)]
            unique = list({work.href: work for work in order}.values())
            cells.append(_cell([Piece(work.title, href=work.href) for work in unique], most=WORKS_SHOWN))
        return cells[0], cells[1]

    def _people(self) -> tuple[Cell, Cell]:
        return self._keyed("coauthors", lambda key: self.company.get(key, ""))

    def _words(self) -> tuple[Cell, Cell]:
        one, other = self.stated[0].words, self.stated[1].words
        shared = one.keys() & other.keys()
        cells = [
            _cell([Piece(word, word in shared) for word in comparison.telling(words, shared)]) for words in (one, other)
        ]
        return cells[0], cells[1]

    def _keyed(
        self, kind: str, name: Callable[[str], str], scheme: Callable[[str], str] = lambda _: ""
    ) -> tuple[Cell, Cell]:
        """Values by key, the shared ones first, then the most frequent; without a name they are not printed."""
        counts: tuple[Counter[str], ...] = tuple(getattr(side, kind) for side in self.stated)
        shared = counts[0].keys() & counts[1].keys()
        cells = []
        for side in counts:
            keys = sorted(side, key=lambda key, side=side: (key not in shared, -side[key], key))  # type: ignore[misc]  # a default binds the loop's value
            cells.append(_cell([Piece(text, key in shared, label=scheme(key)) for key in keys if (text := name(key))]))
        return cells[0], cells[1]

    @staticmethod
    def _count(one: Counter[str], other: Counter[str], named: dict[str, str]) -> str:
        shared = len({key for key in one.keys() & other.keys() if key in named})
        return f"{shared} shared" if shared else ""

    def _years(self, side: int) -> str:
        years = self.stated[side].years
        return span(*years) if years else ""

    def _apart(self) -> str:
        one, other = (side.years for side in self.stated)
        if one is None or other is None:
            return ""
        gap = max(one[0], other[0]) - min(one[1], other[1])
        return f"{gap} {'year' if gap == 1 else 'years'} between" if gap > 0 else "overlap"


def _cell(pieces: Sequence[Piece], *, most: int = SHOWN) -> Cell:
    return Cell(list(pieces[:most]), max(len(pieces) - most, 0))


def _only(text: str) -> Cell:
    return Cell([Piece(text)] if text else [])


def _value(key: str) -> str:
    return key.partition(":")[2]


def _scheme(key: str) -> str:
    return identifiers.label(key.partition(":")[0])


def _printed(found: Iterable[Byline]) -> dict[int, _Printed]:
    rows = bulk.fetch(_PRINTED, [sorted({b.mention.id for b in found})])
    return {
        key: _Printed(name, chosen, position, markup(title, html), address("works", public_id, slug), year, date)
        for key, name, chosen, position, title, html, public_id, slug, year, date in rows
    }


def _company(found: Sequence[Byline]) -> dict[str, str]:
    """The printed name of every co-author, by the key under which co-authors are compared."""
    own = sorted({b.mention.id for b in found})
    works = sorted({b.mention.work for b in found})
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for _, key, name in bulk.fetch(_COMPANY, [works, own, _AUTHORS_AT_MOST]):
        names[loose_key(key)][name] += 1
    return {key: max(counts, key=lambda name: (counts[name], len(name))) for key, counts in names.items()}


def _places(found: Sequence[Byline]) -> dict[str, str]:
    """The printed name of every institution, by its key."""
    rows = set(chain.from_iterable(b.institutions.values() for b in found))
    query = "SELECT key, name FROM profiles_institution WHERE id = ANY(%s)"
    return dict(bulk.fetch(query, [sorted(int(row) for row in rows)]))
