"""What is settled before any score, as columns: asked about millions of pairs at once, kept in memory once a mention.

In a crowded name most mentions may state an identifier. The pairs this forbids are nearly all there are, so they are
never listed; whether one is forbidden follows from what its two mentions state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
NOTHING: Final = -1


class Stated(msgspec.Struct, frozen=True):
    """What the mentions state in one scheme: a number for every value, NOTHING for none.

    `hard`: a person has one value, so two exclude each other. Given a `family` (a number as well), only values of one
    family do. `telling` is `values` without those printed twice on one work, where they name nobody.
    """

    values: Places
    telling: Places
    hard: bool
    family: Places | None = None

    def differ(self, a: Places, b: Places) -> NDArray[np.bool_]:
        """Whether the two state different values, of one family."""
        one, other = self.values[a], self.values[b]
        found: NDArray[np.bool_] = (one != other) & (one >= 0) & (other >= 0)
        return found if self.family is None else found & (self.family[a] == self.family[b])

    def agree(self, a: Places, b: Places) -> NDArray[np.bool_]:
        """Whether the two state the same value, and it tells who they are."""
        one = self.telling[a]
        return np.asarray((one >= 0) & (one == self.telling[b]))

    def keys(self, labels: Places, of: Places) -> Places:
        """A number for the label beside each mention together with the family of what the mention states."""
        if self.family is None:
            return labels
        return np.asarray(labels * (int(self.family.max(initial=0)) + 1) + self.family[of])


class Classes(msgspec.Struct, frozen=True):
    """What people have decided: mentions of one class have the same limits. Class 0 of a block has none.

    `clash` holds for every block a square of truths, one after the other: whether two classes exclude each other.
    `base` is where the square of a mention's block begins, `width` its side.
    """

    numbers: Places
    base: Places
    width: Places
    clash: NDArray[np.bool_]

    def apart(self, a: Places, b: Places) -> NDArray[np.bool_]:
        """Whether people have said that the two, of one block, are not one person."""
        return np.asarray(self.clash[self.base[a] + self.numbers[a] * self.width[a] + self.numbers[b]])


class Limits:
    """Sets of mentions that are one person, pairs that are not, pairs that share an identifier, doubtful pairs."""

    def __init__(
        self,
        size: int,
        *,
        together: Sequence[Sequence[int]] = (),
        stated: Sequence[Stated] = (),
        classes: Classes | None = None,
    ) -> None:
        """`together`: places of mentions that must be joined, each in one set at most."""
        self.together = [np.array(group, dtype=np.int64) for group in together]
        self.set_of: Places = np.full(size, NOTHING, dtype=np.int64)
        for number, group in enumerate(self.together):
            self.set_of[group] = number
        self._stated = stated
        self._hard = [one for one in stated if one.hard]
        self._classes = classes

    def apart(self, a: Places, b: Places) -> NDArray[np.bool_]:
        """Whether each pair is never one person. The arrays may be of any shapes that go together."""
        found = np.zeros(np.broadcast_shapes(a.shape, b.shape), dtype=bool)
        for stated in self._hard:
            found |= stated.differ(a, b)
        if self._classes is not None:
            found |= self._classes.apart(a, b)
        if self.together and found.any():
            found &= (self.set_of[a] == NOTHING) | (self.set_of[a] != self.set_of[b])
        return found

    def certain(self, a: Places, b: Places) -> NDArray[np.bool_]:
        """Whether each pair shares an identifier, and nothing forbids it."""
        found = np.zeros(len(a), dtype=bool)
        for stated in self._stated:
            found |= stated.agree(a, b)
        if found.any():
            found[found] = ~self.apart(a[found], b[found])
        return found

    def doubtful(self, a: Places, b: Places) -> NDArray[np.bool_]:
        """Whether each pair states different values of a scheme that allows a person several. Ask `certain` first."""
        found = np.zeros(len(a), dtype=bool)
        for stated in self._stated:
            if not stated.hard:
                found |= stated.differ(a, b)
        return found

    def may_clash(self, part: Places, count: int) -> NDArray[np.bool_]:
        """For each of `count` parts whether there can be two members in it that are apart. `part`: of every mention."""
        found = np.zeros(count, dtype=bool)
        found[part[self.set_of != NOTHING]] = True
        if self._classes is not None:
            found[part[self._classes.numbers > 0]] = True
        for stated in self._hard:
            places, low, high = _ranges(stated, part)
            found[part[places[low != high]]] = True
        return found

    def apart_from_groups(self, mention: Places, group: Places, labels: Places) -> NDArray[np.bool_]:
        """Whether each mention is apart from somebody in the group beside it. `labels`: the group of every mention."""
        found = np.zeros(len(mention), dtype=bool)
        for stated in self._hard:
            places, low, high = _ranges(stated, labels)
            known = np.flatnonzero(stated.values[mention] >= 0)
            if len(known) and len(places):
                keys = stated.keys(labels[places], places)
                wanted = stated.keys(group[known], mention[known])
                at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
                own = stated.values[mention[known]]
                found[known] |= (keys[at] == wanted) & ((low[at] != own) | (high[at] != own))
        return found | self._told_apart_from_groups(mention, group, labels)

    def _told_apart_from_groups(self, mention: Places, group: Places, labels: Places) -> NDArray[np.bool_]:
        found = np.zeros(len(mention), dtype=bool)
        if self._classes is None:
            return found
        members: dict[int, list[int]] = {}
        for place in np.flatnonzero(self._classes.numbers > 0).tolist():
            members.setdefault(int(labels[place]), []).append(place)
        for index in np.flatnonzero((self._classes.numbers[mention] > 0) & np.isin(group, list(members))).tolist():
            others = np.array(members[int(group[index])], dtype=np.int64)
            found[index] = bool(self.apart(mention[index : index + 1], others).any())
        return found


def _ranges(stated: Stated, labels: Places) -> tuple[Places, Places, Places]:
    """For each label and family with values: the place of a mention, the lowest and the highest value; by key."""
    known = np.flatnonzero(stated.values >= 0)
    if not len(known):
        return known, known, known
    keys = stated.keys(labels[known], known)
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(keys[order]) != 0]))
    values = stated.values[known[order]]
    return known[order[starts]], np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
