"""Groups of mentions from pair scores: average linkage that keeps to what must and must not be together.

Two groups are joined while the mean probability over all pairs between them is at least the threshold, the best two
first. A pair that was not scored counts as FORBIDDEN_NAME: its names exclude each other. One work's bylines, and
whatever is declared apart, are never joined at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

FORBIDDEN_NAME: Final = -1.0
"""Counted for a pair with incompatible names: one such pair outweighs a perfect one."""
LARGEST: Final = 2_500
"""Mentions clustered at once. Larger sets are cut in natural order; memory is quadratic in this number."""
_NEVER: Final = -np.inf


def cluster(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    probability: NDArray[np.float64],
    *,
    threshold: float,
    works: NDArray[np.int64],
    together: Iterable[Sequence[int]] = (),
    apart: Iterable[tuple[int, int]] = (),
) -> NDArray[np.int64]:
    """A label for every mention; equal labels, one person. Labels are the lowest place in the group.

    `together` are sets that are one person, `apart` pairs that are not. The groups of the members of a set are made
    first and united then: a person's papers on two subjects have little in common, and a third belongs with either.
    """
    together = list(together)
    if together:
        apart = _carried_over(works, together, apart)
    labels = _by_score(first, second, probability, threshold=threshold, works=works, apart=apart)
    return _united(labels, works, together, apart) if together else labels


def _carried_over(
    works: NDArray[np.int64], together: Sequence[Sequence[int]], apart: Iterable[tuple[int, int]]
) -> set[tuple[int, int]]:
    """`apart` with what holds for one member of a set said of all of them; another byline of a member's work is apart."""
    found = set(apart)
    members = {place: group for group in together for place in group}
    for a, b in list(found):
        found.update((x, y) for x in members.get(a, (a,)) for y in members.get(b, (b,)) if x != y)
    by_work: dict[int, list[int]] = {}
    for group in together:
        for place in group:
            by_work.setdefault(int(works[place]), []).append(place)
    wanted = np.isin(works, list(by_work))
    for other in np.flatnonzero(wanted):
        for place in by_work[int(works[other])]:
            group = members[place]
            if other not in group:
                found.update((int(other), member) for member in group)
    return found


def _united(
    labels: NDArray[np.int64],
    works: NDArray[np.int64],
    together: Sequence[Sequence[int]],
    apart: Iterable[tuple[int, int]],
) -> NDArray[np.int64]:
    """The groups with members of one set joined. Of two mentions that are apart, the one in the larger group stays."""
    labels = labels.copy()
    against: dict[int, set[int]] = {}
    for a, b in apart:
        against.setdefault(a, set()).add(b)
        against.setdefault(b, set()).add(a)
    for group in together:
        fixed = set(group)
        heads = sorted({int(labels[place]) for place in group}, key=lambda head: (-int((labels == head).sum()), head))
        joined, seen = set(fixed), {int(works[place]) for place in group}
        for head in heads:
            for place in map(int, np.flatnonzero(labels == head)):
                work = int(works[place])
                if place not in fixed and (work in seen or not joined.isdisjoint(against.get(place, ()))):
                    labels[place] = place
                else:
                    labels[place] = min(group)
                    joined.add(place)
                    seen.add(work)
    return labels


def _by_score(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    probability: NDArray[np.float64],
    *,
    threshold: float,
    works: NDArray[np.int64],
    apart: Iterable[tuple[int, int]],
) -> NDArray[np.int64]:
    size = len(works)
    strong = probability >= threshold
    graph = sparse.coo_array(
        (np.ones(int(strong.sum()), dtype=np.int8), (first[strong], second[strong])), shape=(size, size)
    )
    count, part = connected_components(graph, directed=False)
    labels = np.arange(size)
    if count == size:
        return labels
    sizes = np.bincount(part, minlength=count)
    order = np.argsort(part, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    inside = (part[first] == part[second]) & (sizes[part[first]] > 1)
    first, second, probability = first[inside], second[inside], probability[inside]
    by_part = np.argsort(part[first], kind="stable")
    first, second, probability = first[by_part], second[by_part], probability[by_part]
    ends = np.searchsorted(part[first], np.arange(count + 1))
    forbidden = _by_part(part, apart)
    # Where every pair is likely enough, every mean is: nothing to find out.
    least = np.ones(count)
    np.minimum.at(least, part[first], probability)
    whole = (least >= threshold) & (ends[1:] - ends[:-1] == sizes * (sizes - 1) // 2)
    place = np.empty(size, dtype=np.int64)
    for number in map(int, np.flatnonzero(sizes > 1)):
        members = order[starts[number] : starts[number + 1]]
        low, high = ends[number], ends[number + 1]
        if whole[number] and number not in forbidden and len(set(works[members].tolist())) == len(members):
            labels[members] = members[0]
            continue
        place[members] = np.arange(len(members))
        for begin in range(0, len(members), LARGEST):
            some = members[begin : begin + LARGEST]
            pairs = slice(low, high)
            i, j = place[first[pairs]] - begin, place[second[pairs]] - begin
            if len(members) > LARGEST:
                here = (i >= 0) & (j >= 0) & (i < len(some)) & (j < len(some))
                i, j, chosen = i[here], j[here], probability[pairs][here]
            else:
                chosen = probability[pairs]
            mean = np.full((len(some), len(some)), FORBIDDEN_NAME)
            mean[i, j] = mean[j, i] = chosen
            own = works[some]
            mean[own[:, None] == own[None, :]] = _NEVER
            for a, b in forbidden.get(number, ()):
                x, y = place[a] - begin, place[b] - begin
                if 0 <= x < len(some) and 0 <= y < len(some):
                    mean[x, y] = mean[y, x] = _NEVER
            labels[some] = some[_agglomerate(mean, threshold)]
    return labels


def _by_part(part: NDArray[np.int32], pairs: Iterable[tuple[int, int]]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for a, b in pairs:
        if part[a] == part[b]:
            found.setdefault(int(part[a]), []).append((a, b))
    return found


def _agglomerate(mean: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """For every row the lowest row of its group. Consumes `mean`.

    Quadratic: every join touches two rows, and the best partner of each row is kept (Müllner 2011, generic algorithm).
    """
    size = len(mean)
    weight = np.ones(size)
    head = np.arange(size)
    np.fill_diagonal(mean, _NEVER)

    def join(a: int, b: int) -> None:
        if a > b:
            a, b = b, a
        row = (weight[a] * mean[a] + weight[b] * mean[b]) / (weight[a] + weight[b])
        row[a] = _NEVER
        mean[a, :] = mean[:, a] = row
        mean[b, :] = mean[:, b] = _NEVER
        weight[a] += weight[b]
        head[head == b] = a

    best = mean.argmax(axis=1)
    value = mean[np.arange(size), best]
    while True:
        a = int(value.argmax())
        if value[a] < threshold:
            return head
        b = int(best[a])
        a, b = min(a, b), max(a, b)
        join(a, b)
        # Rows whose best partner was one of the two must look again; for others only the joined row is new.
        again = np.flatnonzero((best == a) | (best == b))
        again = np.union1d(again, [a, b])
        best[again] = mean[again].argmax(axis=1)
        value[again] = mean[again, best[again]]
        column = mean[:, a]
        better = column > value
        best[better] = a
        value[better] = column[better]
