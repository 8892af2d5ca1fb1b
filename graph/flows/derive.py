"""From facts to the derived rows of one researcher. Pure: reads nothing, writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from graph import trust
from graph.algorithms import CLOSE, SharedWork, Tie, ties, ties_among
from graph.flows.facts import BylineFacts, Facts
from graph.groups import groups
from graph.layout import dial
from graph.snapshots import (
    DRAWN,
    KEPT,
    AffiliationSeen,
    Collaborator,
    EgoGraph,
    FacetCount,
    IdentifierCount,
    NameCount,
    Profile,
    TrustInputs,
    YearCount,
)
from works.models import WorkType

TOPICS_SHOWN, AFFILIATIONS_SHOWN, VENUES_SHOWN, NAMES_SHOWN, UNALIGNED_SHOWN = 24, 24, 40, 24, 4
TYPE_LABELS = {kind.value: str(kind.label) for kind in WorkType}


class Derived(msgspec.Struct, frozen=True):
    """All derived rows of one researcher. `edges` holds (other, strength, works, first year, last year, recent)."""

    researcher_id: int
    level: int
    first_year: int | None
    last_year: int | None
    works: int
    names: list[tuple[str, int]]
    found_by: list[str]
    identifiers: list[tuple[str, str, int]]
    affiliations: list[tuple[int, int | None, int | None, int]]
    topics: list[tuple[int, int, int | None, int | None]]
    edges: list[tuple[int, float, int, int | None, int | None, float]]
    profile: Profile
    ego: EgoGraph
    inputs: TrustInputs
    receipt: trust.Receipt


class _Span:
    """Works and years of something a researcher is seen with."""

    __slots__ = ("first", "last", "works")

    def __init__(self) -> None:
        self.works = 0
        self.first: int | None = None
        self.last: int | None = None

    def add(self, year: int | None) -> None:
        self.works += 1
        if year is not None:
            self.first = year if self.first is None else min(self.first, year)
            self.last = year if self.last is None else max(self.last, year)


def researcher(researcher_id: int, facts: Facts) -> Derived:
    """Derive one researcher's rows from the facts of a batch that contains it."""
    bylines = facts.bylines[researcher_id]
    shared = [
        SharedWork(
            b.work.id, b.work.year, b.work.author_count, b.work.truncated,
            tuple(sorted({p for p in b.work.people if p != researcher_id})),
        )
        for b in bylines
    ]  # fmt: skip
    everybody = ties(shared)
    close = sum(1 for tie in everybody if tie.strength >= CLOSE)
    affiliations = _affiliations(bylines)
    topics = _topics(bylines)
    identifiers = Counter((scheme, value) for b in bylines for scheme, value in b.identifiers.items())
    persistent = any(b.work.persistent for b in bylines)
    level = max(facts.people[researcher_id].level, 1 if persistent or identifiers else 0)
    inputs = _inputs(researcher_id, identifiers, facts, level=level, close=close)
    names = sorted(Counter(b.name for b in bylines).items(), key=lambda n: (-n[1], n[0]))
    profile = _profile(bylines, names, identifiers, affiliations, topics, facts, coauthors=len(everybody), close=close)
    return Derived(
        researcher_id=researcher_id,
        level=level,
        first_year=profile.first_year,
        last_year=profile.last_year,
        works=len(bylines),
        names=names,
        found_by=sorted(
            {
                *(spelling for b in bylines for spelling in (b.name, b.found_by)),
                *facts.spellings.get(researcher_id, ()),
            }
        ),
        identifiers=[(scheme, value, n) for (scheme, value), n in sorted(identifiers.items())],
        affiliations=[(key, span.first, span.last, span.works) for key, span in sorted(affiliations.items())],
        topics=[(key, span.works, span.first, span.last) for key, span in sorted(topics.items())],
        edges=[(t.researcher_id, t.strength, t.works, t.first_year, t.last_year, t.recent) for t in everybody],
        profile=profile,
        ego=_ego(everybody, shared, facts, close=close),
        inputs=inputs,
        receipt=trust.receipt(inputs, facts.model),
    )


def _inputs(
    researcher_id: int, identifiers: Counter[tuple[str, str]], facts: Facts, *, level: int, close: int
) -> TrustInputs:
    bylines = facts.bylines[researcher_id]
    verified, given, carried, on_others = facts.surroundings.get(researcher_id, (0, 0, 0, 0))
    orcids = sum(1 for scheme, _ in identifiers if scheme == "orcid")
    return TrustInputs(
        level=level,
        works=len(bylines),
        works_with_identifier=sum(1 for b in bylines if b.work.persistent),
        works_two_sources=sum(1 for b in bylines if len(set(b.work.sources)) > 1),
        close=close,
        verified_coauthors=verified,
        conflicts=facts.conflicts.get(researcher_id, 0),
        trust_given=given,
        trust_carried=carried,
        more_orcids=max(orcids - 1, 0),
        shared_orcids=on_others,
        stated_again=_stated_again(facts.stated.get(researcher_id, {}), identifiers),
        disputed=int(researcher_id in facts.disputed),
    )


def _stated_again(stated: Mapping[int, Sequence[Mapping[str, str]]], own: Counter[tuple[str, str]]) -> int:
    """On how many works marked not theirs a source states an identifier that the record's own bylines carry."""
    return sum(1 for bylines in stated.values() if any(pair in own for byline in bylines for pair in byline.items()))


def _affiliations(bylines: Sequence[BylineFacts]) -> dict[int, _Span]:
    found: dict[int, _Span] = {}
    for byline in bylines:
        for institution in byline.institutions:
            found.setdefault(institution, _Span()).add(byline.work.year)
    return found


def _topics(bylines: Sequence[BylineFacts]) -> dict[int, _Span]:
    found: dict[int, _Span] = {}
    for byline in bylines:
        for topic in byline.work.topics:
            found.setdefault(topic, _Span()).add(byline.work.year)
    return found


def _profile(
    bylines: Sequence[BylineFacts],
    names: Sequence[tuple[str, int]],
    identifiers: Counter[tuple[str, str]],
    affiliations: dict[int, _Span],
    topics: dict[int, _Span],
    facts: Facts,
    *,
    coauthors: int,
    close: int,
) -> Profile:
    works = [byline.work for byline in bylines]
    years = Counter(w.year for w in works if w.year)
    preprints = Counter(w.year for w in works if w.year and w.type == "preprint")
    venues = Counter(w.venue for w in works if w.venue)
    seen = [
        AffiliationSeen(o.public_id, o.slug, o.name, span.first, span.last, span.works, o.ror, o.place)
        for o, span in ((facts.institutions[key], span) for key, span in affiliations.items())
    ]
    counted = [msgspec.structs.replace(facts.topics[key], works=span.works) for key, span in topics.items()]
    ids = [IdentifierCount(scheme, value, n) for (scheme, value), n in identifiers.items()]
    return Profile(
        works=len(works),
        first_year=min(years, default=None),
        last_year=max(years, default=None),
        topics_total=len(topics),
        close=close,
        coauthors=coauthors,
        as_of=max((w.updated for w in works), default=""),
        years=[YearCount(year, years[year] - preprints[year], preprints[year]) for year in sorted(years)],
        names=[NameCount(name, n) for name, n in names[:NAMES_SHOWN]],
        identifiers=sorted(ids, key=lambda i: (i.scheme, -i.bylines, i.value)),
        affiliations=sorted(seen, key=lambda a: (-(a.last_year or 0), -a.works, a.name))[:AFFILIATIONS_SHOWN],
        topics=sorted(counted, key=lambda t: (-t.works, not t.code, t.label))[:TOPICS_SHOWN],
        types=_facets(Counter((w.type, TYPE_LABELS[w.type]) for w in works), len(TYPE_LABELS)),
        venues=_facets(venues, VENUES_SHOWN),
        sources=_counted(Counter(s for w in works for s in set(w.sources)), len(works)),
        first_author=sum(1 for b in bylines if b.position == 0),
        last_author=sum(
            1 for b in bylines if b.position == b.work.author_count - 1 and b.position and not b.work.truncated
        ),
        with_code=sum(1 for w in works if w.has_code),
        unaligned=_counted(Counter(u for w in works for u in set(w.unaligned)), UNALIGNED_SHOWN),
    )


def _facets(counts: Counter[tuple[str, str]], most: int) -> list[FacetCount]:
    facets = [FacetCount(value, label, n) for (value, label), n in counts.items()]
    return sorted(facets, key=lambda f: (-f.works, f.label))[:most]


def _counted(counts: Counter[str], most: int) -> list[NameCount]:
    return [NameCount(name, n) for name, n in sorted(counts.items(), key=lambda c: (-c[1], c[0]))[:most]]


def _ego(everybody: Sequence[Tie], shared: Sequence[SharedWork], facts: Facts, *, close: int) -> EgoGraph:
    drawn = list(everybody[:DRAWN])
    positions = dial(drawn)
    index = {tie.researcher_id: i for i, tie in enumerate(drawn)}
    among = sorted(
        (min(index[a], index[b]), max(index[a], index[b]), works) for (a, b), works in ties_among(drawn, shared).items()
    )
    grouped = dict(zip(index, groups(len(drawn), among), strict=True))
    people = []
    for tie in everybody[:KEPT]:
        person = facts.people[tie.researcher_id]
        x, y = positions.get(tie.researcher_id, (0.0, 0.0))
        people.append(Collaborator(
            person.public_id, person.slug, person.name, tie.works, round(tie.strength, 4), tie.first_year, tie.last_year,
            sorted(tie.years.items()), x, y, tie.recent, grouped.get(tie.researcher_id, 0),
        ))  # fmt: skip
    years = [year for tie in everybody for year in tie.years]
    return EgoGraph(
        total=len(everybody),
        close=close,
        first_year=min(years, default=None),
        last_year=max(years, default=None),
        drawn=len(drawn),
        people=people,
        ties=among,
    )
