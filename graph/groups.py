"""Groups among people who are tied to each other: greedy modularity on whole numbers. Pure and deterministic.

Clauset, Newman, Moore, "Finding community structure in very large networks", Physical Review E 70, 066111 (2004): everybody
begins alone, and the two groups are joined whose union raises the modularity most, until none does. networkx has the same, but
builds objects for it; this runs for everybody in an import, on at most a dozen people.
"""

from __future__ import annotations

from collections.abc import Iterable

Ties = Iterable[tuple[int, int, int]]
"""(one, other, weight): two different people by their place, each pair once."""


def groups(people: int, ties: Ties) -> list[int]:
    """For everybody the number of their group, from 1 in the order of its first member; 0 for who is in none."""
    known = list(ties)
    if len(known) == people * (people - 1) // 2 and len({weight for _, _, weight in known}) == 1:
        # Everybody with everybody, as all who have written one work together: no need to look.
        return [1] * people
    between, degrees = _graph(people, known)
    members = {person: [person] for person in range(people)}
    total = sum(degrees)
    while joined := _best(between, degrees, total):
        one, other = joined
        members[one] += members.pop(other)
        degrees[one] += degrees[other]
        for third, weight in between.pop(other).items():
            del between[third][other]
            if third != one:
                between[one][third] = between[third][one] = between[one].get(third, 0) + weight
    found = [0] * people
    several = (group for group in sorted(map(sorted, members.values())) if len(group) > 1)
    for number, group in enumerate(several, start=1):
        for person in group:
            found[person] = number
    return found


def _graph(people: int, ties: Ties) -> tuple[dict[int, dict[int, int]], list[int]]:
    between: dict[int, dict[int, int]] = {person: {} for person in range(people)}
    degrees = [0] * people
    for one, other, weight in ties:
        between[one][other] = between[other][one] = weight
        degrees[one] += weight
        degrees[other] += weight
    return between, degrees


def _best(between: dict[int, dict[int, int]], degrees: list[int], total: int) -> tuple[int, int] | None:
    """The pair whose union raises the modularity most, the first of equal ones; None if none raises it.

    With twice the weight of all ties as `total`, the gain is 2 (w / total - d d' / total^2): all times total^2 / 2.
    """
    best: tuple[int, int] | None = None
    most = 0
    for one, others in between.items():
        degree = degrees[one]
        for other, weight in others.items():
            if one < other:
                gain = weight * total - degree * degrees[other]
                if gain > most or (gain == most and best and (one, other) < best):
                    most, best = gain, (one, other)
    return best
