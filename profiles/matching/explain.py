"""Why two mentions are thought to be one person, or not: the points of every kind of evidence, in words."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan, log
from typing import Final

import numpy as np

from profiles.matching.features import FEATURES, rows_of
from profiles.matching.linking import Linked
from profiles.matching.model import Scorecard
from profiles.spellings import RELATIONS

MEANING: Final = {
    "rarity": "people expected under the name, log10",
    "relation": "how the names relate",
    "initials": "names with initials only",
    "middle_agree": "middle names agree",
    "middle_missing": "one has a middle name",
    "namesakes": "related mentions in the name group, log10",
    "coauthors": "shared co-authors, weighted",
    "coauthor_initials": "shared co-authors by initial, weighted",
    "coauthor_count": "shared co-authors",
    "fewest_coauthors": "co-authors of the one with fewer",
    "most_coauthors": "co-authors of the one with more",
    "affiliation_words": "shared words of affiliations, weighted",
    "affiliation_share": "share of the shorter affiliation",
    "institution": "shared institutions, weighted",
    "domain": "shared mail or web domains",
    "work_institutions": "institutions shared by the two works",
    "title_words": "shared words of titles, weighted",
    "venue": "same venue series",
    "years": "years apart",
}


def explain(linked: Linked, model: Scorecard, one: int, other: int) -> Iterator[str]:
    """Lines about two mentions, by their places. The last look is the one explained."""
    together = linked.labels[one] == linked.labels[other]
    first, second = linked.pairs.first, linked.pairs.second
    found = np.flatnonzero(((first == one) & (second == other)) | ((first == other) & (second == one)))
    if len(found) == 0:
        yield "The two were not compared: their names exclude each other, or they stand on one work."
        yield _verdict(together=bool(together))
        return
    index = int(found[0])
    rows = rows_of(
        linked.facts, first[index : index + 1], second[index : index + 1],
        linked.pairs.names[linked.pairs.form[index : index + 1]],
    )  # fmt: skip
    points = model.points(rows)[0]
    yield f"{'evidence':<44}{'value':>12}{'points':>9}"
    yield f"{'before any evidence':<44}{'':>12}{model.intercept:>+9.2f}"
    for name, value, number in sorted(zip(FEATURES, rows[0], points, strict=True), key=lambda row: -abs(row[2])):
        shown = "unknown" if isnan(value) else RELATIONS[int(value)] if name == "relation" else f"{value:.2f}"
        yield f"{MEANING[name]:<44}{shown:>12}{number:>+9.2f}"
    scored = float(model.score(rows)[0])
    total = log(scored / (1 - scored)) if 0 < scored < 1 else float("inf")
    yield f"{'sum (log-odds)':<44}{'':>12}{total:>+9.2f}"
    probability = float(linked.probability[index])
    yield f"probability that the two are one person: {scored:.3f}"
    if abs(probability - scored) > 1e-6:
        yield f"counted as {probability:.3f}, for what identifiers say or for want of anything but names"
    yield _verdict(together=bool(together))


def _verdict(*, together: bool) -> str:
    return "They are in one group." if together else "They are in different groups."
