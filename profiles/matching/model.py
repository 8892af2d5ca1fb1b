"""The score: how likely two mentions are one person, as a sum of points that can be shown.

The model is a scorecard. Each kind of evidence has a table of points (log-odds) by how much of it there is and how rare
the name is; the points add up, and the logistic function makes a probability of them. More evidence never lowers the
score (Lou, Caruana, Gehrke and Hooker 2013 describe such models as GA2M). The tables are learned by gradient
boosting in `profiles.matching.train` and ship as `data/model.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from profiles.matching.features import FEATURES

FILE: Final = Path(__file__).parent / "data" / "model.json"
_RARITY: Final = FEATURES.index("rarity")


class Table(msgspec.Struct, frozen=True):
    """Points of one feature. `edges` are upper ends of its steps; `points[step][rarity step]`, unknown values last."""

    feature: str
    edges: tuple[float, ...]
    points: tuple[tuple[float, ...], ...]


class ModelFile(msgspec.Struct, frozen=True):
    """The shipped file. `threshold`: the mean probability two groups of mentions need to be joined.

    `unsure`: below the threshold and from here on, a lone mention is left open instead of made a new researcher.
    """

    version: str
    trained_on: str
    intercept: float
    rarity_edges: tuple[float, ...]
    tables: tuple[Table, ...]
    threshold: float
    unsure: float


class Scorecard:
    """A model ready to score."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.version = file.version
        self.threshold = file.threshold
        self.unsure = file.unsure
        self._intercept = file.intercept
        self._rarity_edges = np.array(file.rarity_edges, dtype=np.float32)
        self._tables = [
            (FEATURES.index(t.feature), np.array(t.edges, dtype=np.float32), np.array(t.points, dtype=np.float64))
            for t in file.tables
        ]

    def points(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Points per pair and feature, in the order of FEATURES."""
        found = np.zeros((len(rows), len(FEATURES)))
        for column, values in self._each(rows):
            found[:, column] = values
        return found

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability, for every pair, that the two are one person."""
        total: NDArray[np.float64] = np.full(len(rows), self._intercept)
        for _, values in self._each(rows):
            total += values
        return np.asarray(1.0 / (1.0 + np.exp(-total)))

    @property
    def intercept(self) -> float:
        """Log-odds before any evidence."""
        return self._intercept

    def _each(self, rows: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float64]]]:
        rarity = np.searchsorted(self._rarity_edges, rows[:, _RARITY])
        for column, edges, points in self._tables:
            values = rows[:, column]
            step = np.searchsorted(edges, values)
            step[np.isnan(values)] = len(points) - 1
            yield column, points[step, rarity]


def read(path: Path) -> Scorecard:
    """A model from its file. Raises msgspec.ValidationError for anything that is not one."""
    return Scorecard(msgspec.json.decode(path.read_bytes(), type=ModelFile))


@cache
def shipped() -> Scorecard:
    """The model that comes with the software."""
    return read(FILE)
