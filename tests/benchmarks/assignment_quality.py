"""Measure the assignment rule against labeled bylines: B-cubed precision, recall and F1, how much stays open, and how
often a question to a curator is asked with good reason.

    uv run python tests/benchmarks/assignment_quality.py FOLDER [FOLDER ...]

A folder holds `mentions.jsonl.gz` (one byline a line) and `truth_clusters.json.gz`. Undecided bylines count as
people of their own, as nothing is claimed about them. A question has good reason if the two records, or the byline and
the nearest record, are of one person, by the majority of their bylines, or if the two parts of a record are not. With
`--late SHARE` that share of the bylines comes later and is placed among the others, as in a crowded name.

The definition of B-cubed is that of Bagga and Baldwin (1998):
precision and recall are computed for each byline and averaged.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from profiles.assignment import Resolution, resolve_all, resolve_new  # noqa: E402 - the checkout is not installed as a package
from profiles.doubts import Doubt  # noqa: E402
from profiles.matching.files import read_mentions, read_truth  # noqa: E402
from profiles.mentions import Mention  # noqa: E402
from profiles.names import block_key  # noqa: E402


def by_block(mentions: Iterable[Mention]) -> dict[str, list[Mention]]:
    """The mentions by name block."""
    blocks: dict[str, list[Mention]] = defaultdict(list)
    for mention in mentions:
        blocks[block_key(mention.name)].append(mention)
    return blocks


def b_cubed(truth: Mapping[str, str], found: Mapping[str, object], subset: Iterable[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 over the mentions of `subset`; cluster sizes are taken over all of `truth`."""
    true_sizes = Counter(truth.values())
    found_sizes = Counter(found[m] for m in truth)
    both = Counter((truth[m], found[m]) for m in truth)
    precision = recall = count = 0.0
    for m in subset:
        shared = both[truth[m], found[m]]
        precision += shared / found_sizes[found[m]]
        recall += shared / true_sizes[truth[m]]
        count += 1
    precision, recall = precision / max(count, 1), recall / max(count, 1)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def decide(blocks: Sequence[Sequence[Mention]], late: float) -> list[Resolution]:
    """Decide on whole blocks, or first on all but a share of their bylines, which are then placed."""
    if not late:
        return resolve_all(blocks)
    chance = random.Random(0)  # noqa: S311 - which bylines come late is no secret
    early = [[mention for mention in block if chance.random() >= late] for block in blocks]
    found = []
    for block, first in zip(blocks, resolve_all(early), strict=True):
        holders = {m: number for number, cluster in enumerate(first.clusters) for m in cluster}
        decided = {d.mention_id: d for d in first.decisions if d.cluster is not None}
        found.append(resolve_new([msgspec.structs.replace(m, holder=holders.get(m.id)) for m in block], decided))
    return found


def has_reason(resolution: Resolution, doubt: Doubt, truth: Mapping[int, str]) -> bool:
    """Whether what a question suspects is so."""
    clusters = [[truth[m] for m in resolution.clusters[cluster]] for cluster in doubt.clusters]
    if doubt.kind == "byline":
        return truth[doubt.mentions[0]] == majority(clusters[0])
    if doubt.kind == "split":
        rest = [truth[m] for m in resolution.clusters[doubt.clusters[0]] if m not in doubt.mentions]
        return majority(rest) != majority([truth[m] for m in doubt.mentions])
    return majority(clusters[0]) == majority(clusters[1])


def majority(people: Iterable[str]) -> str:
    """Who most of the bylines are."""
    return Counter(people).most_common(1)[0][0]


def measure(folder: Path, *, late: float = 0.0) -> dict[str, Any]:
    """All figures for one data set."""
    mentions = read_mentions(folder / "mentions.jsonl.gz")
    truth = read_truth(folder / "truth_clusters.json.gz")
    keys = [mention.sort_key for mention in mentions]
    blocks = by_block(mentions)
    found: dict[str, object] = {key: ("alone", key) for key in keys}
    bases: dict[str, list[str]] = defaultdict(list)
    by_place = {mention.id: truth[keys[mention.id]] for mention in mentions}
    questions: dict[str, list[bool]] = defaultdict(list)
    started = time.perf_counter()
    resolutions = decide(list(blocks.values()), late)
    seconds = time.perf_counter() - started
    for block, resolution in zip(blocks, resolutions, strict=True):
        for doubt in resolution.doubts:
            band = f"{doubt.kind} {doubt.scores[0]:.1f}"
            questions[band].append(has_reason(resolution, doubt, by_place))
        for decision in resolution.decisions:
            key = keys[decision.mention_id]
            basis = f"{decision.kind}: " + " + ".join(sorted({evidence.kind for evidence in decision.evidence}))
            bases[basis].append(key)
            if decision.cluster is not None:
                found[key] = (block, decision.cluster)
    people: dict[str, set[str]] = defaultdict(set)
    for mention in mentions:
        people[block_key(mention.name)].add(truth[keys[mention.id]])
    ambiguous = [keys[m.id] for m in mentions if len(people[block_key(m.name)]) > 1]
    undecided = sum(len(members) for basis, members in bases.items() if basis.startswith("undecided"))
    return {
        "mentions": len(keys),
        "seconds": round(seconds, 2),
        "all": b_cubed(truth, found, truth),
        "ambiguous": b_cubed(truth, found, ambiguous),
        "undecided": undecided / len(keys),
        "clusters": len({label for label in found.values() if isinstance(label, tuple)}),
        "questions": {band: (len(right), sum(right) / len(right)) for band, right in sorted(questions.items())},
        "bases": {
            basis: (len(members), *b_cubed(truth, found, members)[:2])
            for basis, members in sorted(bases.items(), key=lambda item: -len(item[1]))
        },
    }


def main() -> None:
    """Print a small report for every folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object a folder")
    parser.add_argument(
        "--late", type=float, default=0.0, metavar="SHARE", help="share of the bylines that comes later"
    )
    options = parser.parse_args()
    for folder in options.folders:
        figures = measure(folder, late=options.late)
        if options.json:
            print(json.dumps({"set": folder.name, **figures}))
            continue
        print(
            f"{folder.name}: {figures['mentions']} bylines in {figures['seconds']} s, undecided {figures['undecided']:.1%}"
        )
        for part in ("all", "ambiguous"):
            precision, recall, f1 = figures[part]
            print(f"  {part:<10} B3 precision {precision:.4f}  recall {recall:.4f}  F1 {f1:.4f}")
        for band, (count, right) in figures["questions"].items():
            print(f"    {count:>7}  questions, {right:.0%} with good reason: {band}")
        for basis, (count, precision, recall) in figures["bases"].items():
            print(f"    {count:>7}  precision {precision:.3f}  recall {recall:.3f}  {basis}")


if __name__ == "__main__":
    main()
