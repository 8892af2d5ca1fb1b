"""What two mentions share, as numbers: a row per pair, a column per kind of evidence. NaN means "not known".

Everything is computed for all pairs at once with products of sparse matrices, so that a pair costs about a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from profiles.matching.candidates import NAME_FEATURES
from profiles.matching.vocabulary import (
    affiliation_word_weight,
    coauthor_weight,
    institution_weight,
    title_words,
    venue_series,
    word_weight,
)  # fmt: skip
from profiles.mentions import Mention
from profiles.names import loose_key
from researchgraph.lib.text import tokens

FEATURES: Final = (
    *NAME_FEATURES,
    "coauthors", "coauthor_initials", "coauthor_count", "fewest_coauthors", "most_coauthors",
    "affiliation_words", "affiliation_share", "institution", "domain", "work_institutions",
    "title_words", "venue", "years",
)  # fmt: skip
"""The columns, in order. Meanings, units and monotone directions are in docs/identity.md."""

DECIMALS: Final = 3
UNKNOWN_FIELD: Final = 0.5
"""Added to `rarity` where a title is missing: the byline may come from any science, with several times as many people."""
_FREE_MAIL: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com yahoo.com 163.com 126.com qq.com foxmail.com icloud.com protonmail.com".split()
)
_SECOND_LEVEL: Final = frozenset("ac co com edu gov org".split())

Matrix = Any
"""A scipy.sparse.csr_array; scipy publishes no types."""


class Overlap:
    """For pairs of mentions of one part the summed weight of what both state; computed once for all, looked up by pair.

    `asked`: the rows of which one is in every pair.
    """

    def __init__(self, matrix: Matrix, asked: NDArray[np.int64]) -> None:
        self._size = matrix.shape[0]
        few = len(asked) < self._size
        shared = ((matrix[asked] if few else matrix) @ matrix.T).tocsr()
        shared.sort_indices()
        rows = np.repeat(asked, np.diff(shared.indptr))
        if few:
            keys = np.minimum(rows, shared.indices) * self._size + np.maximum(rows, shared.indices)
            self._keys, once = np.unique(keys, return_index=True)
            self._weights = shared.data[once]
        else:
            upper = shared.indices > rows
            self._keys = rows[upper] * self._size + shared.indices[upper]
            self._weights = shared.data[upper]

    def __call__(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[Any]:
        wanted = np.minimum(i, j) * self._size + np.maximum(i, j)
        found = np.zeros(len(wanted))
        if len(self._keys):
            place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
            hit = self._keys[place] == wanted
            found[hit] = self._weights[place[hit]]
        return found


class GroupOverlap:
    """`Overlap` of mentions that state what their whole group states: a row of the matrix per group."""

    def __init__(self, matrix: Matrix, group: NDArray[np.int64], asked: NDArray[np.int64]) -> None:
        self._between = Overlap(matrix, np.unique(group[asked]))
        self._within = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
        self._group = group

    def __call__(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[Any]:
        one, other = self._group[i], self._group[j]
        return np.where(one == other, self._within[one], self._between(one, other))


class Facts:
    """The mentions as sparse rows: what each states, weighted by how telling it is.

    `part` numbers the sets of mentions that hang together by compared pairs; only within one is anything shared. One of
    the mentions that are `asked` about is in every pair.
    """

    def __init__(
        self, mentions: Sequence[Mention], part: NDArray[np.int32], asked: NDArray[np.int64] | None = None
    ) -> None:
        self.size = len(mentions)
        self._part = part
        self._asked = np.arange(self.size) if asked is None else asked
        self._overlaps: dict[str, Overlap | GroupOverlap] = {}
        keys = [tuple(dict.fromkeys(loose_key(name) for name in mention.coauthors if name)) for mention in mentions]
        self.coauthors = self._matrix(keys, coauthor_weight)
        self.coauthor_presence = self._present(self.coauthors)
        self.coauthor_initials = self._matrix([_initials(names) for names in keys], coauthor_weight)
        self.coauthor_numbers = np.array([len(mention.coauthors) for mention in mentions], dtype=np.float32)
        self.affiliations = self._matrix(
            [tuple(dict.fromkeys(tokens(mention.affiliation))) for mention in mentions], affiliation_word_weight
        )
        self.affiliation_weight = np.asarray(self.affiliations.multiply(self.affiliations).sum(axis=1)).ravel()
        self.institutions = self._matrix([mention.institutions for mention in mentions], institution_weight)
        self.has_institution = np.array([bool(mention.institutions) for mention in mentions])
        domains = [telling_domains(mention.domain) for mention in mentions]
        self.domains = self._matrix(domains, _one)
        self.has_domain = np.array([bool(names) for names in domains])
        around = [tuple(dict.fromkeys((*m.institutions, *m.work_institutions))) for m in mentions]
        self.work_institutions = self._matrix(around, _one)
        self.has_work_institution = np.array([bool(names) for names in around])
        words = [mention_words(mention) for mention in mentions]
        self.words = self._matrix(words, word_weight)
        self.has_title = np.array([bool(mention.title) for mention in mentions])
        venues: dict[str, int] = {}
        self.venue = np.array([
            venues.setdefault(series, len(venues)) if (series := venue_series(mention.venue)) else -1
            for mention in mentions
        ])  # fmt: skip
        self.year = np.array([mention.year or np.nan for mention in mentions], dtype=np.float32)

    def shared_within(self, labels: NDArray[np.int64]) -> Facts:
        """The same, with every mention stating the co-authors of its whole group. Group sizes change nothing else."""
        _, group = np.unique(labels, return_inverse=True)
        belongs = sparse.csr_array((np.ones(self.size), (group, np.arange(self.size))))
        other = copy(self)
        other._overlaps = dict(self._overlaps)  # noqa: SLF001 - a copy of its own kind
        for name in ("coauthors", "coauthor_presence", "coauthor_initials"):
            own: Matrix = getattr(self, name)
            united = (belongs @ self._present(own)).tocsr()
            weight = np.zeros(own.shape[1])
            weight[own.indices] = own.data
            united.data = weight[united.indices]
            other._overlaps[name] = GroupOverlap(united, group, self._asked)  # noqa: SLF001 - as above
        return other

    def _matrix(self, rows: Iterable[Sequence[str]], weight: Callable[[str], float]) -> Matrix:
        column: dict[str, int] = {}
        indices: list[int] = []
        ends = [0]
        for row in rows:
            indices += [column.setdefault(word, len(column)) for word in row]
            ends.append(len(indices))
        roots = np.sqrt(np.array([weight(word) for word in column] or [1.0]))
        data = roots[indices] if indices else np.empty(0)
        # A column of its own for every part: what is shared by mentions nobody compares is not worth a product.
        wide = np.repeat(self._part.astype(np.int64), np.diff(ends)) * (len(column) + 1) + np.array(
            indices, dtype=np.int64
        )
        used, narrow = np.unique(wide, return_inverse=True)
        return sparse.csr_array((data, narrow, ends), shape=(self.size, max(len(used), 1)))

    def overlap(self, name: str) -> Overlap | GroupOverlap:
        """What pairs have in common of one kind, by the name of its matrix."""
        if name not in self._overlaps:
            self._overlaps[name] = Overlap(getattr(self, name), self._asked)
        return self._overlaps[name]

    @staticmethod
    def _present(matrix: Matrix) -> Matrix:
        present = matrix.copy()
        present.data[:] = 1.0
        return present


def _one(_: str) -> float:
    return 1.0


def _initials(names: Iterable[str]) -> tuple[str, ...]:
    """Co-authors by first initial and family name, so that "J. Smith" meets "John Smith"."""
    found: dict[str, None] = {}
    for name in names:
        first, _, family = name.rpartition(" ")
        found[f"{first[:1]} {family}" if first else family] = None
    return tuple(found)


def mention_words(mention: Mention) -> tuple[str, ...]:
    """The telling words of title and keywords that the counts know."""
    words = dict.fromkeys(title_words(mention.title))
    for keyword in mention.keywords:
        words.update(dict.fromkeys(title_words(keyword)))
    return tuple(word for word in words if word_weight(word) > 0)


def telling_domains(text: str) -> tuple[str, ...]:
    """The registered domains in a string such as "robots.ox.ac.uk+google.com", without mail services."""
    found: dict[str, None] = {}
    for part in text.lower().replace("+", " ").split():
        labels = part.split(".")
        if len(labels) > 1 and part not in _FREE_MAIL:
            kept = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else 2
            found[".".join(labels[-kept:])] = None
    return tuple(found)


def rows_of(
    facts: Facts, i: NDArray[np.int64], j: NDArray[np.int64], names: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One row per pair of places (i, j), columns FEATURES. `names`: the pairs' NAME_FEATURES."""
    known = FEATURES.index
    rows = np.full((len(i), len(FEATURES)), np.nan, dtype=np.float32)
    rows[:, : len(NAME_FEATURES)] = names

    def put(name: str, values: NDArray[Any], when: NDArray[np.bool_] | None = None) -> None:
        rows[:, known(name)] = values if when is None else np.where(when, values, np.nan)

    numbers_i, numbers_j = facts.coauthor_numbers[i], facts.coauthor_numbers[j]
    some = (numbers_i > 0) & (numbers_j > 0)
    put("coauthors", facts.overlap("coauthors")(i, j), some)
    put("coauthor_initials", facts.overlap("coauthor_initials")(i, j), some)
    put("coauthor_count", facts.overlap("coauthor_presence")(i, j), some)
    titled = facts.has_title[i] & facts.has_title[j]
    put("fewest_coauthors", np.minimum(numbers_i, numbers_j), some | titled)
    put("most_coauthors", np.maximum(numbers_i, numbers_j), some | titled)
    weight_i, weight_j = facts.affiliation_weight[i], facts.affiliation_weight[j]
    printed = (weight_i > 0) & (weight_j > 0)
    words = facts.overlap("affiliations")(i, j)
    put("affiliation_words", words, printed)
    put("affiliation_share", words / np.maximum(np.minimum(weight_i, weight_j), 1e-9), printed)
    put("institution", facts.overlap("institutions")(i, j), facts.has_institution[i] & facts.has_institution[j])
    put("domain", np.minimum(facts.overlap("domains")(i, j), 2), facts.has_domain[i] & facts.has_domain[j])
    around = facts.has_work_institution[i] & facts.has_work_institution[j]
    put("work_institutions", np.minimum(facts.overlap("work_institutions")(i, j), 3), around)
    put("title_words", facts.overlap("words")(i, j), titled)
    put("venue", facts.venue[i] == facts.venue[j], (facts.venue[i] >= 0) & (facts.venue[j] >= 0))
    put("years", np.abs(facts.year[i] - facts.year[j]))
    rows[~titled, known("rarity")] += UNKNOWN_FIELD
    # Sums come out a hair differently in another order of summands; what is compared must not.
    return np.round(rows, DECIMALS)
