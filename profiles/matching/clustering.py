"""Groups of mentions from pair scores: average linkage that keeps to what must and must not be together.

Two groups are joined while the mean probability over all pairs between them is at least the threshold, the best two
first. A pair that was not scored, because its names exclude each other, counts as `excluded`: FORBIDDEN_NAME, or NEVER.
One work's bylines, and whatever is declared apart, are never joined at all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from profiles.matching.limits import Limits, Places

FORBIDDEN_NAME: Final = -1.0
"""Counted for a pair with incompatible names: one such pair outweighs a perfect one."""
LARGEST: Final = 2_500
"""Mentions clustered at once. Larger sets are cut in natural order; memory is quadratic in this number."""
FREE: Final = -1
"""Held by no group."""
NEVER: Final = -np.inf


def cluster(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    probability: NDArray[np.float64],
    *,
    threshold: float,
    works: NDArray[np.int64],
    limits: Limits | None = None,
    excluded: float = FORBIDDEN_NAME,
) -> NDArray[np.int64]:
    """A label for every mention; equal labels, one person. Labels are the lowest place in the group.

    The groups of the members of a set that `limits` puts together are made first and united then: a person's papers on
    two subjects have little in common, and a third belongs with either.
    """
    limits = limits or Limits(len(works))
    labels = _by_score(first, second, probability, threshold=threshold, works=works, limits=limits, excluded=excluded)
    for together in limits.together:
        _unite(labels, works, together, limits)
    return labels


def _unite(labels: NDArray[np.int64], works: NDArray[np.int64], together: Places, limits: Limits) -> None:
    """Join the groups with members of one set. Of two mentions that are apart, the one in the larger group stays."""
    heads, sizes = np.unique(labels[np.isin(labels, labels[together])], return_counts=True)
    fixed = set(together.tolist())
    everybody = np.flatnonzero(np.isin(labels, heads))
    position = {place: index for index, place in enumerate(everybody.tolist())}
    never = limits.apart(everybody[:, None], everybody[None, :])
    joined = np.zeros(len(everybody), dtype=bool)
    joined[[position[place] for place in fixed]] = True
    seen = set(works[together].tolist())
    target = min(fixed)
    for head in heads[np.lexsort((heads, -sizes))].tolist():
        for place in everybody[labels[everybody] == head].tolist():
            work = int(works[place])
            if place not in fixed and (work in seen or never[position[place], joined].any()):
                labels[place] = place
            else:
                labels[place] = target
                joined[position[place]] = True
                seen.add(work)


def _never(some: Places, works: NDArray[np.int64], limits: Limits) -> NDArray[np.bool_]:
    """For every two of some mentions whether they are never one person.

    What holds for one member of a set holds for all of them, and nobody is another author of a member's work.
    """
    own = works[some]
    never: NDArray[np.bool_] = (own[:, None] == own[None, :]) | limits.apart(some[:, None], some[None, :])
    sets = np.unique(limits.set_of[some])
    for number in sets[sets >= 0].tolist():
        group = limits.together[number]
        others = limits.apart(some[:, None], group[None, :]).any(axis=1) | np.isin(own, works[group])
        others &= limits.set_of[some] != number
        touched = np.unique(limits.set_of[some[others]])
        others |= np.isin(limits.set_of[some], touched[touched >= 0])
        mine = limits.set_of[some] == number
        never[mine] |= others
        never[:, mine] |= others[:, None]
    return never


def _by_score(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    probability: NDArray[np.float64],
    *,
    threshold: float,
    works: NDArray[np.int64],
    limits: Limits,
    excluded: float,
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
    # Where every pair is likely enough, every mean is: nothing to find out.
    least = np.ones(count)
    np.minimum.at(least, part[first], probability)
    whole = (least >= threshold) & (ends[1:] - ends[:-1] == sizes * (sizes - 1) // 2)
    whole &= ~limits.may_clash(part.astype(np.int64), count)
    place = np.empty(size, dtype=np.int64)
    for number in map(int, np.flatnonzero(sizes > 1)):
        members = order[starts[number] : starts[number + 1]]
        low, high = ends[number], ends[number + 1]
        if whole[number] and len(set(works[members].tolist())) == len(members):
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
            mean = np.full((len(some), len(some)), excluded)
            mean[i, j] = mean[j, i] = chosen
            mean[_never(some, works, limits)] = NEVER
            labels[some] = some[_agglomerate(mean, threshold)]
    return labels


def join(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    probability: NDArray[np.float64],
    *,
    threshold: float,
    works: NDArray[np.int64],
    limits: Limits,
    held: Places,
    excluded: float = FORBIDDEN_NAME,
) -> NDArray[np.int64]:
    """`cluster` for mentions that come to groups that are there already: `held` numbers them, FREE are those that come.

    The groups take in mentions but are never joined to each other. The pairs are those with a free mention.
    """
    size = len(works)
    heads = np.arange(size)
    groups, of_group = np.unique(held, return_inverse=True)
    lowest = np.full(len(groups), size)
    np.minimum.at(lowest, of_group, np.arange(size))
    heads[held != FREE] = lowest[of_group[held != FREE]]
    nodes, node = np.unique(heads, return_inverse=True)
    weight = np.bincount(node)
    taken = held[nodes] != FREE
    mean, one, other = _between_nodes(node, weight, first, second, probability, excluded)
    near = mean >= threshold
    graph = sparse.coo_array(
        (np.ones(int(near.sum()), dtype=np.int8), (one[near], other[near])), shape=(len(nodes),) * 2
    )
    count, part = connected_components(graph, directed=False)
    inside = part[one] == part[other]
    one, other, mean = one[inside], other[inside], mean[inside]
    labels = nodes.copy()
    for number in np.flatnonzero(np.bincount(part, minlength=count) > 1).tolist():
        members = np.flatnonzero(part == number)
        place = np.full(len(nodes), -1)
        place[members] = np.arange(len(members))
        here = part[one] == number
        square = np.full((len(members), len(members)), excluded)
        square[place[one[here]], place[other[here]]] = square[place[other[here]], place[one[here]]] = mean[here]
        square[_never_nodes(nodes[members], taken[members], heads, works, limits)] = NEVER
        labels[members] = nodes[members[_agglomerate(square, threshold, weight[members].astype(np.float64))]]
    return np.asarray(labels[node])


def _between_nodes(
    node: Places, weight: Places, first: Places, second: Places, probability: NDArray[np.float64], excluded: float
) -> tuple[NDArray[np.float64], Places, Places]:
    """The mean over all pairs between two nodes, and the nodes, wherever a pair was scored."""
    size = len(weight)
    a, b = np.minimum(node[first], node[second]), np.maximum(node[first], node[second])
    keys, which = np.unique(a * size + b, return_inverse=True)
    one, other = keys // size, keys % size
    possible = weight[one] * weight[other]
    scored = np.bincount(which, minlength=len(keys))
    mean = np.bincount(which, probability, len(keys)) / possible
    some = scored < possible
    mean[some] += excluded * (possible - scored)[some] / possible[some]
    return mean, one, other


def _never_nodes(
    nodes: Places, taken: NDArray[np.bool_], heads: Places, works: NDArray[np.int64], limits: Limits
) -> NDArray[np.bool_]:
    """For every two nodes whether they are never one person. `nodes`: a place of each; `taken`: it is a group."""
    never = taken[:, None] & taken[None, :]
    free, groups = np.flatnonzero(~taken), np.flatnonzero(taken)
    if len(free):
        never[np.ix_(free, free)] = _never(nodes[free], works, limits)
    if len(free) and len(groups):
        mention, group = np.repeat(nodes[free], len(groups)), np.tile(nodes[groups], len(free))
        members = np.flatnonzero(np.isin(heads, nodes[groups]))
        seen = set(zip(heads[members].tolist(), works[members].tolist(), strict=True))
        same = np.array([pair in seen for pair in zip(group.tolist(), works[mention].tolist(), strict=True)])
        apart = (limits.apart_from_groups(mention, group, heads) | same).reshape(len(free), len(groups))
        never[np.ix_(free, groups)] = apart
        never[np.ix_(groups, free)] = apart.T
    return never


def _agglomerate(
    mean: NDArray[np.float64], threshold: float, weight: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """For every row the lowest row of its group. Consumes `mean` and `weight`, the mentions behind each row.

    Quadratic: every join touches two rows, and the best partner of each row is kept (Müllner 2011, generic algorithm).
    """
    size = len(mean)
    weight = np.ones(size) if weight is None else weight
    head = np.arange(size)
    np.fill_diagonal(mean, NEVER)

    def join(a: int, b: int) -> None:
        if a > b:
            a, b = b, a
        row = (weight[a] * mean[a] + weight[b] * mean[b]) / (weight[a] + weight[b])
        row[a] = NEVER
        mean[a, :] = mean[:, a] = row
        mean[b, :] = mean[:, b] = NEVER
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
