"""Measure the identity model: cross-validated on disjoint name groups, by class of names, by threshold, calibrated.

    uv run --group training python tests/benchmarks/identity.py FOLDER [--plot docs/calibration.svg]

FOLDER is that of `profiles.matching.train`; where it has `disambiguation/qian`, a model of all training sets is measured
on it too. A group of names is never in training and in the measurement at once. B-cubed is that of Bagga and Baldwin
(1998), as in `assignment_quality.py`; "ambiguous" are groups with more than one person.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from profiles.matching.files import read_mentions, read_truth  # noqa: E402 - the checkout is not installed as a package
from profiles.matching.linking import Linked, grouped, link  # noqa: E402
from profiles.matching.model import Scorecard  # noqa: E402
from profiles.matching.train import SETS, Labeled, labeled, train, usable  # noqa: E402
from profiles.mentions import Mention  # noqa: E402
from profiles.names import block_key, is_commonplace, is_initials_only  # noqa: E402
from tests.benchmarks.assignment_quality import b_cubed  # noqa: E402

FOLDS: Final = 3
PROLIFIC: Final = 20
THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)
STEPS: Final = 10
COLORS: Final = {"openreview": "#1f5fa8", "ieee": "#9a5b00", "acl": "#2f7d4f", "qian": "#8a3a74"}


class Measured(msgspec.Struct):
    """One set: its mentions with their people, its name groups with their fold, and its labeled pairs."""

    mentions: list[Mention]
    person: list[str]
    groups: list[list[int]]
    relations: dict[tuple[str, str], str]
    pairs: Labeled


def read(folder: Path) -> Measured:
    """One set from its folder."""
    mentions = read_mentions(folder / "mentions.jsonl.gz")
    truth = read_truth(folder / "truth_clusters.json.gz")
    person = [truth[mention.sort_key] for mention in mentions]
    groups, relations = grouped(mentions)
    pairs, _ = labeled(mentions, person)
    return Measured(mentions, person, groups, relations, pairs)


def part(pairs: Labeled, chosen: NDArray[np.bool_]) -> Labeled:
    """Some of the pairs."""
    return Labeled(pairs.rows[chosen], pairs.same[chosen], pairs.weight[chosen], pairs.group[chosen])


def fold_of(data: Measured, group: Sequence[int]) -> int:
    """The fold of a name group, as `labeled` gives it to pairs."""
    return zlib.crc32(min(data.mentions[place].name_key for place in group).encode()) % FOLDS


def partition(data: Measured, models: Sequence[Scorecard], threshold: float) -> list[int]:
    """A label for every mention, by the model that has not seen its group."""
    labels = np.arange(len(data.mentions))
    for fold, model in enumerate(models):
        groups = [group for group in data.groups if len(models) == 1 or fold_of(data, group) == fold]
        model.threshold = threshold
        found: Linked = link(data.mentions, groups, data.relations, model, best_guess=True)
        places = [place for group in groups for place in group]
        labels[places] = found.labels[places]
    return [int(label) for label in labels]


def classes(data: Measured) -> dict[str, list[int]]:
    """Places of the mentions of each class."""
    blocks: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    works: dict[str, int] = defaultdict(int)
    for mention, person in zip(data.mentions, data.person, strict=True):
        blocks[block_key(mention.name)].add(person)
        names[person].add(mention.name_key)
        works[person] += 1
    tests: dict[str, Callable[[Mention, str], bool]] = {
        "all": lambda _mention, _person: True,
        "ambiguous": lambda mention, _person: len(blocks[block_key(mention.name)]) > 1,
        "common East Asian names": lambda mention, _person: is_commonplace(mention.name_key),
        "initials only": lambda mention, _person: is_initials_only(mention.name),
        "people with several names": lambda _mention, person: len(names[person]) > 1,
        f"people with {PROLIFIC} and more": lambda _mention, person: works[person] >= PROLIFIC,
    }
    pairs = list(zip(data.mentions, data.person, strict=True))
    return {name: [i for i, pair in enumerate(pairs) if test(*pair)] for name, test in tests.items()}


def scored(data: Measured, labels: Sequence[int], places: Iterable[int]) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 over some of the mentions."""
    truth = {str(i): person for i, person in enumerate(data.person)}
    found = {str(i): label for i, label in enumerate(labels)}
    return b_cubed(truth, found, map(str, places))


def report(name: str, data: Measured, models: Sequence[Scorecard]) -> None:
    """Print the tables of one set."""
    shipped = models[0].file.threshold
    labels = partition(data, models, shipped)
    print(f"\n{name}: {len(data.mentions):,} mentions")
    for title, places in classes(data).items():
        if places:
            precision, recall, f1 = scored(data, labels, places)
            print(f"  {title:<28}{len(places):>8}  P {precision:.4f}  R {recall:.4f}  F1 {f1:.4f}")
    if len(models) > 1:
        per_fold = []
        for fold in range(len(models)):
            places = [place for group in data.groups if fold_of(data, group) == fold for place in group]
            per_fold.append(scored(data, labels, places)[2])
        print(f"  F1 by fold: {', '.join(f'{f1:.4f}' for f1 in per_fold)}")
    for threshold in THRESHOLDS:
        precision, recall, f1 = scored(data, partition(data, models, threshold), range(len(data.mentions)))
        print(f"  threshold {threshold:.2f}  P {precision:.4f}  R {recall:.4f}  F1 {f1:.4f}")


def calibration(data: Measured, models: Sequence[Scorecard]) -> list[tuple[float, float]]:
    """Mean predicted probability and share of true pairs, by tenths of the prediction, weighted as in training."""
    predicted = np.empty(len(data.pairs.same))
    for fold, model in enumerate(models):
        chosen = data.pairs.group % FOLDS == fold if len(models) > 1 else np.ones(len(predicted), dtype=bool)
        predicted[chosen] = model.score(data.pairs.rows[chosen])
    step = np.minimum((predicted * STEPS).astype(int), STEPS - 1)
    points = []
    for number in range(STEPS):
        here = step == number
        if here.sum() > 50:
            weight = data.pairs.weight[here]
            points.append(
                (
                    float(np.average(predicted[here], weights=weight)),
                    float(np.average(data.pairs.same[here], weights=weight)),
                )
            )
    return points


def draw(curves: dict[str, list[tuple[float, float]]]) -> str:
    """The calibration plot as SVG: predicted to the right, observed upward; the diagonal is perfect."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 460 340" font-family="sans-serif" font-size="12">',
        '<rect width="460" height="340" fill="#fff"/><path d="M50 290L330 10" stroke="#999" stroke-dasharray="4 4"/>',
        '<path d="M50 10V290H330" fill="none" stroke="#333"/>',
    ]
    for tenth in range(0, 11, 2):
        at = 28 * tenth
        parts.append(f'<text x="{50 + at}" y="306" text-anchor="middle">{tenth / 10:.1f}</text>')
        parts.append(f'<text x="44" y="{294 - at}" text-anchor="end">{tenth / 10:.1f}</text>')
    parts.append('<text x="190" y="326" text-anchor="middle">predicted probability</text>')
    parts.append('<text transform="translate(14 150) rotate(-90)" text-anchor="middle">share of true pairs</text>')
    for row, (name, points) in enumerate(curves.items()):
        line = " ".join(f"{50 + 280 * x:.1f},{290 - 280 * y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLORS[name]}" stroke-width="2"/>')
        parts.append(f'<text x="345" y="{40 + 20 * row}" fill="{COLORS[name]}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Train without each fold, measure on it, print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plot", type=Path, help="where to draw the calibration, as SVG")
    options = parser.parse_args()
    root = options.folder / "disambiguation"
    data = {name: read(root / "dev" / name) for name in SETS}
    known = {name: usable(name, one.pairs) for name, one in data.items()}
    folded = [train([part(one, one.group % FOLDS != fold) for one in known.values()]) for fold in range(FOLDS)]
    models = dict.fromkeys(SETS, folded)
    if (root / "qian").is_dir():
        data["qian"] = read(root / "qian")
        models["qian"] = [train(list(known.values()))]
    for name, one in data.items():
        report(name, one, models[name])
    curves = {name: calibration(one, models[name]) for name, one in data.items()}
    for name, points in curves.items():
        print(f"\ncalibration, {name}: " + "  ".join(f"{x:.2f}/{y:.2f}" for x, y in points))
    if options.plot:
        options.plot.write_text(draw(curves), encoding="utf-8")


if __name__ == "__main__":
    main()
