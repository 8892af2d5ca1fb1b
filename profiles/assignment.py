"""Which bylines of one name block are one researcher: a pure, deterministic, conservative rule.

`resolve` looks at all mentions of a block at once and is a function of their set: neither their order nor their
ids change the partition. The rule, its measured quality and the meaning of the constants are in
`docs/identity.md`. In short: an identifier joins; a name alone never does; compatible full names need a shared
co-author or affiliation; initials attach to exactly one record or stay open; what nothing tells apart or
together is undecided and shown as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

import msgspec

from profiles.bounds import Bounds, anchored, could_be_one, left_behind, settled
from profiles.names import PersonName, compatible_pairs, initials_only, is_commonplace, is_distinctive, loose_key, parse
from researchgraph.lib.evidence import Evidence

# One person has one ORCID iD and one DBLP page; different values forbid a join whatever else is shared.
HARD_SCHEMES: Final = frozenset({"orcid", "dblp"})
# Not about a person: shared by groups, or re-used.
IGNORED_SCHEMES: Final = frozenset({"homepage", "url", "email"})
_NUMBERED: Final = "openreview number of "
_SCHEME_ORDER: Final = {
    scheme: rank for rank, scheme in enumerate(("orcid", "dblp", "openreview", "acl", "google_scholar", "ieee"))
}

COAUTHOR: Final = 1.0
"""Weight of one shared co-author."""
COMMONPLACE_COAUTHOR: Final = 0.5
"""Weight of one shared co-author whose own name is commonplace or abbreviated."""
AFFILIATION: Final = 1.0
"""Weight of a shared affiliation where the name is not commonplace."""
COMMONPLACE_AFFILIATION: Final = 0.5
"""Weight of a shared affiliation where the name itself is commonplace ("Wei Wang") or abbreviated."""
NEEDED: Final = 1.0
"""Weight at which two mentions with compatible full names are joined."""
NEEDED_ACROSS: Final = 2.0
"""Weight needed where names are only perhaps compatible, or identifiers of one scheme differ."""

CONTINUITY_YEARS: Final = 5
"""Records under one distinctive name are one career if no gap between their years is longer than this."""

CONFIDENCE: Final = {
    "identifier": 0.99,
    "coauthor+affiliation": 0.97,
    "coauthor": 0.95,
    "affiliation": 0.90,
    "continuity": 0.90,
    "only-bearer": 0.80,
    "distinct": 0.70,
    "undecided": 0.0,
}
"""Share of right decisions to expect, by what a decision rests on."""

EVIDENCE_LIMIT: Final = 4
_TOO_COMMON: Final = 60
"""A feature on more separate records of one block than this tells nothing about who is who, and is passed over."""
_ROUNDS: Final = 4
_FREE_MAIL: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com yahoo.com 163.com 126.com qq.com foxmail.com icloud.com protonmail.com".split()
)


class Mention(msgspec.Struct, frozen=True):
    """One byline: an author's place on one work, with what the sources state about it.

    `sort_key` is a natural key that does not depend on arrival; `identifiers` maps scheme to value;
    `affiliations` are institution keys; `coauthors` the `name_key`s of the other authors (about 50 at most).
    By researcher: `holder` has the byline now, `claimed` says that this record is; a person placed it with `fixed`,
    and rejected its work from those in `barred` (`profiles.bounds`).
    """

    id: int
    sort_key: str
    work: int
    name: str
    name_key: str
    identifiers: dict[str, str] = {}
    affiliations: tuple[str, ...] = ()
    domain: str = ""
    coauthors: tuple[str, ...] = ()
    year: int | None = None
    holder: int | None = None
    claimed: bool = False
    fixed: int | None = None
    barred: tuple[int, ...] = ()


class Decision(msgspec.Struct, frozen=True):
    """What was decided about one mention: `kind` is confirmed, identifier, corroborated, new or undecided.

    `cluster` indexes `Resolution.clusters`, None for undecided; `confidence` is between 0 and 1.
    """

    mention_id: int
    kind: str
    cluster: int | None
    confidence: float
    evidence: tuple[Evidence, ...] = ()


class Resolution(msgspec.Struct, frozen=True):
    """The clusters, each a list of mention ids, and one decision for every mention; both by `sort_key`."""

    clusters: list[list[int]]
    decisions: list[Decision]


def resolve(mentions: Sequence[Mention]) -> Resolution:
    """Partition the mentions of one name block into researchers and undecided bylines."""
    ordered = sorted(mentions, key=_natural_order)
    if len(ordered) == 1 and ordered[0].fixed is None:
        only = Decision(ordered[0].id, "new", 0, CONFIDENCE["only-bearer"], (Evidence("only-bearer", weight=1.0),))
        return Resolution([[ordered[0].id]], [only])
    block = _Block(ordered)
    block.join_anchored()
    block.join_by_identifier()
    block.join_full_names()
    block.join_by_continuity()
    block.attach_initials()
    block.join_initials()
    block.join_left_behind()
    return block.resolution()


def _natural_order(mention: Mention) -> tuple[object, ...]:
    # The further fields only matter for twins with one natural key; such twins are interchangeable up to the id.
    return (
        mention.sort_key, mention.name, mention.coauthors, mention.affiliations, mention.domain,
        sorted(mention.identifiers.items()), mention.year or 0, mention.work, mention.id,
    )  # fmt: skip


class _Cluster:
    """Mentions joined so far, by index, and all that can forbid a further join."""

    __slots__ = ("bounds", "forms", "identifiers", "members", "works")

    def __init__(self, index: int, form: int, mention: Mention) -> None:
        self.members = [index]
        self.works = {mention.work}
        self.forms = {form}
        self.bounds = Bounds(mention)
        self.identifiers: dict[str, set[str]] = {}
        for scheme, value in mention.identifiers.items():
            if value and scheme not in IGNORED_SCHEMES:
                self.identifiers[scheme] = {value}
                if scheme == "openreview":
                    # OpenReview numbers namesakes (~Wei_Wang12), so another number of the same name is somebody else.
                    name = value.rstrip("0123456789")
                    self.identifiers[f"{_NUMBERED}{name.lower()}"] = {value[len(name) :]}

    def absorb(self, other: _Cluster) -> None:
        self.members += other.members
        self.works |= other.works
        self.forms |= other.forms
        self.bounds.absorb(other.bounds)
        for scheme, values in other.identifiers.items():
            self.identifiers.setdefault(scheme, set()).update(values)


class _Block:
    """The state of one resolution. Indices are places in the sorted mentions, so every loop has a fixed order."""

    def __init__(self, mentions: Sequence[Mention]) -> None:
        self.mentions = mentions
        numbers: dict[tuple[object, ...], int] = {}
        names: list[PersonName] = []
        self.form: list[int] = []
        for mention in mentions:
            name = parse(mention.name)
            key = (name.folded, name.suffix, name.compound)
            if key not in numbers:
                numbers[key] = len(names)
                names.append(name)
            self.form.append(numbers[key])
        self.compatible = compatible_pairs(names)
        self.initials = [initials_only(name) or not name.given for name in names]
        self.keys = [name.folded for name in names]
        self.commonplace = [is_commonplace(name.folded) for name in names]
        self.cluster = [_Cluster(i, self.form[i], mention) for i, mention in enumerate(mentions)]
        self.features = [_features(mention) for mention in mentions]
        buckets: dict[str, list[int]] = {}
        for i, features in enumerate(self.features):
            for feature in features:
                buckets.setdefault(feature, []).append(i)
        # Only what is shared can join; sorted, so that ties break the same way every time.
        self.buckets = {feature: buckets[feature] for feature in sorted(buckets) if len(buckets[feature]) > 1}
        self.two_candidates: dict[int, int] = {}
        self.left_behind: set[int] = set()

    # --- joining -------------------------------------------------------------------------------------------------

    def names_agree(self, a: _Cluster, b: _Cluster) -> bool | None:
        """The weakest answer over all pairs of spellings: no record may hold two names that exclude each other."""
        agreed: bool | None = True
        for one in a.forms:
            for other in b.forms:
                if one != other:
                    answer = self.compatible.get((one, other) if one < other else (other, one), False)
                    if answer is False:
                        return False
                    agreed = agreed and answer
        return agreed

    def join(self, i: int, j: int, weight: float) -> bool:
        """Join the clusters of two mentions if nothing forbids it and the weight suffices for them."""
        a, b = self.cluster[i], self.cluster[j]
        if a is b:
            return True
        agreed = self.names_agree(a, b)
        if agreed is False or not a.works.isdisjoint(b.works) or not a.bounds.allow(b.bounds):
            return False
        needed = NEEDED if agreed else NEEDED_ACROSS
        for scheme, values in a.identifiers.items():
            others = b.identifiers.get(scheme)
            if others is not None and values.isdisjoint(others):
                if scheme in HARD_SCHEMES or scheme.startswith(_NUMBERED):
                    return False
                needed = NEEDED_ACROSS
        if weight < needed:
            return False
        self.unite(a, b)
        return True

    def unite(self, a: _Cluster, b: _Cluster) -> None:
        if a.members[0] > b.members[0]:
            a, b = b, a
        a.absorb(b)
        for member in b.members:
            self.cluster[member] = a

    def join_anchored(self) -> None:
        """Join what people have placed with one researcher, whatever the rule thinks of it."""
        for first, *others in anchored(self.mentions):
            for other in others:
                self.unite(self.cluster[first], self.cluster[other])

    def join_left_behind(self) -> None:
        """Keep with a person's placements what the record held before, where nothing forbids it."""
        heads = sorted({cluster.members[0] for cluster in self.cluster})
        records = [(self.cluster[h].bounds, [self.mentions[m] for m in self.cluster[h].members]) for h in heads]
        for one, other in left_behind(records):
            mine, theirs = self.cluster[heads[one]], self.cluster[heads[other]]
            if mine.bounds.allow(theirs.bounds):
                self.left_behind.update(theirs.members)
                self.unite(mine, theirs)

    def join_all(self, group: Iterable[int], weight: float) -> None:
        """Join the members of a group to each other as far as they can be, each to the first it can join."""
        heads: list[int] = []
        for i in group:
            if not any(self.join(head, i, weight) for head in heads):
                heads.append(i)

    def join_by_identifier(self) -> None:
        groups: dict[tuple[int, str, str], list[int]] = {}
        for i, mention in enumerate(self.mentions):
            for scheme, value in mention.identifiers.items():
                if value and scheme not in IGNORED_SCHEMES:
                    groups.setdefault((_SCHEME_ORDER.get(scheme, len(_SCHEME_ORDER)), scheme, value), []).append(i)
        for key in sorted(groups):
            if len(groups[key]) > 1:
                self.join_all(self.once_per_work(groups[key]), NEEDED_ACROSS)

    def once_per_work(self, group: list[int]) -> list[int]:
        """Without works that print the identifier twice: there it names nobody."""
        works = [self.mentions[i].work for i in group]
        if len(set(works)) == len(works):
            return group
        return [i for i, work in zip(group, works, strict=True) if works.count(work) == 1]

    def weight(self, feature: str, form: int) -> float:
        """What sharing the feature is worth to bearers of the name. A distinctive name needs less to be recognised."""
        if not self.commonplace[form]:
            return COAUTHOR if feature.startswith("c") else AFFILIATION
        if feature.startswith("c"):
            return COMMONPLACE_COAUTHOR if is_commonplace(feature[1:]) else COAUTHOR
        return COMMONPLACE_AFFILIATION

    def join_full_names(self) -> None:
        full = [not self.initials[form] for form in self.form]
        self.join_sharing(full)

    def join_initials(self) -> None:
        """Initials-only mentions that fit no full name, among themselves."""
        free = [
            self.initials[form]
            and i not in self.two_candidates
            and all(self.initials[f] for f in self.cluster[i].forms)
            for i, form in enumerate(self.form)
        ]
        if any(free):
            self.join_sharing(free)

    def join_sharing(self, allowed: list[bool]) -> None:
        """Join allowed mentions with compatible names that share enough; equal names before compatible ones."""
        shared = {
            feature: group
            for feature, members in self.buckets.items()
            if len(group := [i for i in members if allowed[i]]) > 1
        }
        across: list[tuple[list[int], float]] = []
        for feature, group in shared.items():
            by_form: dict[int, list[int]] = {}
            for i in group:
                by_form.setdefault(self.form[i], []).append(i)
            weights = {form: self.weight(feature, form) for form in by_form}
            for form, members in by_form.items():
                if weights[form] >= NEEDED and len(members) > 1:
                    self.join_all(members, weights[form])
            if len(by_form) > 1:
                enough = [members for form, members in by_form.items() if weights[form] >= NEEDED]
                if len(enough) > 1:
                    across.append(([i for members in enough for i in members], COAUTHOR))
        for group, weight in across:
            self.join_all(sorted(group), weight)
        for _ in range(_ROUNDS):
            if not self.join_by_weight(shared):
                break

    def join_by_weight(self, shared: dict[str, list[int]]) -> bool:
        """One round: add up what each pair of records shares, join the pairs that share enough, strongest first."""
        scores: dict[tuple[int, int], float] = {}
        placed: set[tuple[int, int]] = set()
        for feature, group in shared.items():
            heads: dict[int, int] = {}
            for i in group:
                heads.setdefault(self.cluster[i].members[0], self.form[i])
            if len(heads) < 2:
                continue
            by_form: dict[int, list[int]] = {}
            for head, form in heads.items():
                by_form.setdefault(form, []).append(head)
            affiliation = not feature.startswith("c")
            for form, other in self.neighbors(sorted(by_form)):
                if len(by_form[form]) > _TOO_COMMON or len(by_form[other]) > _TOO_COMMON:
                    continue
                weight = min(self.weight(feature, form), self.weight(feature, other))
                for one in by_form[form]:
                    for two in by_form[other]:
                        if form == other and one >= two:
                            continue
                        pair = (one, two) if one < two else (two, one)
                        if affiliation:
                            # An institution and its mail domain are one fact.
                            if pair in placed:
                                continue
                            placed.add(pair)
                        scores[pair] = scores.get(pair, 0.0) + weight
        joined = False
        for (one, two), score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
            if score >= NEEDED and self.cluster[one] is not self.cluster[two]:
                joined |= self.join(one, two, score)
        return joined

    def join_by_continuity(self) -> None:
        """Join what a distinctive name and an unbroken run of years make one career.

        Only where nothing in the block speaks for two bearers: no spelling that excludes another, no work signed
        twice, no identifier scheme on two of the records.
        """
        group_of = self.unequivocal_spellings()
        if not group_of:
            return
        groups: dict[int, dict[int, _Cluster]] = {}
        for i, form in enumerate(self.form):
            if form in group_of:
                groups.setdefault(group_of[form], {})[self.cluster[i].members[0]] = self.cluster[i]
        for records in groups.values():
            if len(records) > 1 and _could_be_one(records.values()):
                self.join_neighbors_in_time(list(records))

    def unequivocal_spellings(self) -> dict[int, int]:
        """Distinctive full spellings none of whose compatible spellings exclude each other, with their group."""
        full = [not initials and is_distinctive(key) for initials, key in zip(self.initials, self.keys, strict=True)]
        around: dict[int, set[int]] = {form: {form} for form in range(len(full)) if full[form]}
        for one, other in self.compatible:
            if full[one] and full[other]:
                around[one].add(other)
                around[other].add(one)
        clear = {
            form
            for form, others in around.items()
            if all(self.compatible.get(pair) for pair in combinations(sorted(others), 2))
        }
        # Compatibility is transitive among them, so the smallest one names the group.
        return {form: min(around[form] & clear) for form in clear}

    def join_neighbors_in_time(self, heads: list[int]) -> None:
        spans = []
        for head in sorted(heads):
            years = [year for member in self.cluster[head].members if (year := self.mentions[member].year)]
            if years:
                spans.append((min(years), max(years), head))
        spans.sort()
        until, current = 0, -1
        for first, last, head in spans:
            if current >= 0 and first - until <= CONTINUITY_YEARS:
                self.join(current, head, NEEDED)
            else:
                current = head
            until = max(until, last)

    def neighbors(self, forms: list[int]) -> Iterable[tuple[int, int]]:
        for position, form in enumerate(forms):
            yield form, form
            for other in forms[position + 1 :]:
                if (form, other) in self.compatible:
                    yield form, other

    def attach_initials(self) -> None:
        """Give each initials-only mention to the one record with a full name that it is corroborated for."""
        waiting = [i for i, form in enumerate(self.form) if self.initials[form] and len(self.cluster[i].members) == 1]
        for _ in range(_ROUNDS):
            if not waiting:
                return
            found: list[tuple[int, int, float]] = []
            for i in waiting:
                candidates = self.candidates(i)
                if len(candidates) > 1:
                    self.two_candidates[i] = len(candidates)
                elif candidates:
                    found.extend((i, head, score) for head, score in candidates.items())
            taken = {
                i for i, head, score in sorted(found, key=lambda item: (-item[2], item[0])) if self.join(i, head, score)
            }
            if not taken:
                return
            waiting = [i for i in waiting if i not in taken and i not in self.two_candidates]

    def candidates(self, i: int) -> dict[int, float]:
        """Records with a full name that share enough with an initials-only mention."""
        scores: dict[int, float] = {}
        own = self.cluster[i]
        for feature in self.features[i]:
            heads = {self.cluster[j].members[0]: self.cluster[j] for j in self.buckets.get(feature, ())}
            weight = self.weight(feature, self.form[i])
            for head, cluster in heads.items():
                if cluster is not own and not all(self.initials[form] for form in cluster.forms):
                    scores[head] = scores.get(head, 0.0) + weight
        return {
            head: score
            for head, score in scores.items()
            if score >= NEEDED
            and self.names_agree(own, self.cluster[head])
            and own.works.isdisjoint(self.cluster[head].works)
            and own.bounds.allow(self.cluster[head].bounds)
        }

    # --- saying why ----------------------------------------------------------------------------------------------

    def resolution(self) -> Resolution:
        clusters: list[list[int]] = []
        number: dict[int, int] = {}
        decisions: list[Decision] = []
        counts = self.bearers()
        shared: dict[int, dict[str, int]] = {}
        for i, mention in enumerate(self.mentions):
            cluster = self.cluster[i]
            head = cluster.members[0]
            if len(cluster.members) == 1:
                found = self.single(i, counts)
            else:
                if head not in shared:
                    shared[head] = self.count_features(cluster)
                found = self.joined(i, shared[head])
            kind, confidence, evidence = settled(mention, found, left_behind=i in self.left_behind)
            place: int | None = None
            if kind != "undecided":
                if head not in number:
                    number[head] = len(clusters)
                    clusters.append([self.mentions[member].id for member in sorted(cluster.members)])
                place = number[head]
            decisions.append(Decision(mention.id, kind, place, confidence, evidence))
        return Resolution(clusters, decisions)

    def bearers(self) -> list[int]:
        """For each spelling, how many mentions of the block carry it or one not incompatible with it."""
        own = [0] * len(self.initials)
        for form in self.form:
            own[form] += 1
        total = own[:]
        for one, other in self.compatible:
            total[one] += own[other]
            total[other] += own[one]
        return total

    def count_features(self, cluster: _Cluster) -> dict[str, int]:
        counts: dict[str, int] = {}
        for member in cluster.members:
            for feature in self.features[member]:
                counts[feature] = counts.get(feature, 0) + 1
            for scheme, value in self.mentions[member].identifiers.items():
                key = f"i{scheme}:{value}"
                counts[key] = counts.get(key, 0) + 1
        return counts

    def joined(self, i: int, counts: dict[str, int]) -> tuple[str, float, tuple[Evidence, ...]]:
        """Why a mention belongs to a record of several: what it shares with the others there."""
        mention = self.mentions[i]
        form = self.form[i]
        identifiers = [
            Evidence("identifier", f"{scheme}:{value}", 1.0)
            for scheme, value in sorted(mention.identifiers.items())
            if counts.get(f"i{scheme}:{value}", 0) > 1 and scheme not in IGNORED_SCHEMES
        ]
        coauthors: list[tuple[float, int, str]] = []
        places: list[tuple[float, int, str]] = []
        for feature in self.features[i]:
            count = counts.get(feature, 0)
            if count > 1:
                item = (-self.weight(feature, form), -count, feature[1:])
                (coauthors if feature.startswith("c") else places).append(item)
        coauthors.sort()
        places.sort()
        evidence = identifiers[:2]
        evidence += [Evidence("affiliation", value, -weight) for weight, _, value in places[:1]]
        evidence += [
            Evidence("coauthor", value, -weight) for weight, _, value in coauthors[: EVIDENCE_LIMIT - len(evidence)]
        ]
        if identifiers:
            return "identifier", CONFIDENCE["identifier"], tuple(evidence)
        if not coauthors and not places:
            return "corroborated", CONFIDENCE["continuity"], self.continuity(i)
        basis = "coauthor+affiliation" if coauthors and places else "coauthor" if coauthors else "affiliation"
        return "corroborated", CONFIDENCE[basis], tuple(evidence)

    def continuity(self, i: int) -> tuple[Evidence, ...]:
        """The nearest other byline of the record, by name and years."""
        mention = self.mentions[i]
        others = [self.mentions[j] for j in self.cluster[i].members if j != i]
        equal = [other for other in others if other.name_key == mention.name_key]
        name = (
            Evidence("name-equal", mention.name, 1.0)
            if equal
            else Evidence("name-compatible", min(o.name for o in others), 1.0)
        )
        gaps = [abs(mention.year - other.year) for other in others if mention.year and other.year]
        return (name, Evidence("year-near", str(min(gaps)), 1.0)) if gaps else (name,)

    def single(self, i: int, bearers: list[int]) -> tuple[str, float, tuple[Evidence, ...]]:
        """What to do with a mention that nothing joins to another."""
        mention, form = self.mentions[i], self.form[i]
        rivals = bearers[form] - 1
        if rivals == 0:
            return "new", CONFIDENCE["only-bearer"], (Evidence("only-bearer", weight=1.0),)
        if i in self.two_candidates:
            return "undecided", CONFIDENCE["undecided"], (Evidence("two-candidates", str(self.two_candidates[i])),)
        own = [
            Evidence("own-identifier", f"{scheme}:{value}", 1.0)
            for scheme, value in sorted(mention.identifiers.items())
            if value and scheme not in IGNORED_SCHEMES
        ]
        if own:
            return "new", CONFIDENCE["distinct"], tuple(own[:EVIDENCE_LIMIT])
        if mention.affiliations and not self.initials[form] and not self.affiliation_met(i):
            return "new", CONFIDENCE["distinct"], (Evidence("distinct-affiliation", mention.affiliations[0], 1.0),)
        return "undecided", CONFIDENCE["undecided"], (Evidence("rival-records", str(rivals)),)

    def affiliation_met(self, i: int) -> bool:
        """Whether a rival prints one of the mention's affiliations, so that they do not tell the two apart."""
        form = self.form[i]
        for feature in self.features[i]:
            if feature.startswith("c"):
                continue
            for j in self.buckets.get(feature, ()):
                other = self.form[j]
                pair = (form, other) if form < other else (other, form)
                if j != i and (form == other or pair in self.compatible):
                    return True
        return False


def _could_be_one(records: Iterable[_Cluster]) -> bool:
    """Whether no two of the records stand on one work or carry an identifier of one scheme, nor people say otherwise."""
    works: set[int] = set()
    schemes: set[str] = set()
    for record in records:
        if not works.isdisjoint(record.works) or not schemes.isdisjoint(record.identifiers):
            return False
        works |= record.works
        schemes.update(record.identifiers)
    return could_be_one(record.bounds for record in records)


def _features(mention: Mention) -> tuple[str, ...]:
    """What a mention can share with another: "c" and a co-author, "a" and an institution, "d" and a mail domain."""
    features = [f"c{loose_key(name)}" for name in mention.coauthors if name]
    features += [f"a{key}" for key in mention.affiliations if key]
    if mention.domain and mention.domain not in _FREE_MAIL:
        features.append(f"d{mention.domain}")
    return tuple(dict.fromkeys(features))
