"""Make the files in `data/`: counts of names, words and institutions, and the scorecard. Needs `--group training`.

    uv run --group training python -m profiles.matching.train FOLDER [--report]

FOLDER holds `papers.jsonl.zst` (bibliographic records, for the counts; labels are not read from it) and
`disambiguation/dev/{openreview,ieee,acl}` (labeled mentions). What the data are, and what the model reaches, is in
docs/identity.md. The outcome is the same on every run.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from profiles.institutions import institution_key, institution_names
from profiles.matching import vocabulary
from profiles.matching.candidates import RELATION_CODE, Pairs, pairs_within, parts
from profiles.matching.features import DECIMALS, FEATURES, Facts, rows_of
from profiles.matching.files import read_mentions, read_truth
from profiles.matching.linking import grouped
from profiles.matching.model import FILE, ModelFile, Scorecard, Table
from profiles.mentions import Mention
from profiles.names import parse
from researchgraph.lib.text import tokens

SETS: Final = ("openreview", "ieee", "acl")
VERSION: Final = "scorecard-1"
THRESHOLD: Final = 0.55
UNSURE: Final = 0.25
PAIRS_A_SET: Final = 50_000

BAGS: Final = 4
ROUNDS: Final = 250
STEPS: Final = 24
RISING: Final = frozenset(
    "coauthors coauthor_initials coauthor_count affiliation_words affiliation_share institution domain"
    " work_institutions title_words venue middle_agree".split()
)
FALLING: Final = frozenset({"rarity", "namesakes", "years"})
_COAUTHORS = ("coauthors", "coauthor_initials", "coauthor_count", "fewest_coauthors", "most_coauthors")
_TITLE = ("title_words", "venue")
_PLACE = ("affiliation_words", "affiliation_share", "institution", "domain", "work_institutions")
KINDS: Final = (_COAUTHORS, _TITLE, _PLACE, ("years",))
COPIES: Final = 3
COPY_WEIGHT: Final = 0.4
"""Every training pair comes again with kinds of evidence hidden, each with even chance: sources leave much unsaid, and
where one kind is missing the others have to count in full."""


class Labeled(msgspec.Struct):
    """One set: its pairs with features, whether they are one person, their weights, and each pair's fold key."""

    rows: NDArray[np.float32]
    same: NDArray[np.bool_]
    weight: NDArray[np.float64]
    group: NDArray[np.int64]


# --- counts ----------------------------------------------------------------------------------------------------------


def count(papers: Path) -> vocabulary.Frequencies:
    """Read the records once and count."""
    families: Counter[str] = Counter()
    given: Counter[str] = Counter()
    words: Counter[str] = Counter()
    affiliation_words: Counter[str] = Counter()
    institutions: Counter[str] = Counter()
    names: set[str] = set()
    titles = affiliations = 0
    for paper in _papers(papers):
        titles += 1
        words.update(set(vocabulary.title_words(f"{paper['title']} {' '.join(paper.get('keywords') or ())}")))
        printed = {author["affiliation"] for author in paper["authors"] if author.get("affiliation")}
        affiliations += len(printed)
        for text in printed:
            affiliation_words.update(set(tokens(text)))
            institutions.update({institution_key(name) for name in institution_names(text)})
        names.update(author["name"] for author in paper["authors"])
    seen: set[str] = set()
    for text in sorted(names):
        name = parse(text)
        if name.family and name.folded not in seen:
            seen.add(name.folded)
            families[name.family[-1]] += 1
            if name.given and len(name.given[0]) > 1:
                given[name.given[0]] += 1
    initials: Counter[str] = Counter()
    for word, number in given.items():
        initials[word[0]] += number
    return vocabulary.Frequencies(
        names=len(seen), families=_kept(families, 3), given=_kept(given, 3), initials=_kept(initials, 1),
        titles=titles, words=_kept(words, 8), affiliations=affiliations,
        affiliation_words=_kept(affiliation_words, 20), institutions=_kept(institutions, 10),
    )  # fmt: skip


def _papers(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        yield from map(json.loads, io.TextIOWrapper(stream, encoding="utf-8"))


def _kept(counts: Counter[str], least: int) -> dict[str, int]:
    return {word: number for word, number in sorted(counts.items()) if number >= least}


# --- the scorecard ---------------------------------------------------------------------------------------------------


def labeled(mentions: Sequence[Mention], person: Sequence[str]) -> tuple[Labeled, Pairs]:
    """All candidate pairs of one set."""
    groups, relations = grouped(mentions)
    pairs = pairs_within(mentions, groups, relations)
    people = np.array([zlib.crc32(name.encode()) for name in person])
    compared = np.bincount(pairs.first, minlength=len(mentions)) + np.bincount(pairs.second, minlength=len(mentions))
    # Prolific people have most of the pairs; the root keeps them from being all the model learns.
    weight = 0.5 / np.sqrt(compared[pairs.first]) + 0.5 / np.sqrt(compared[pairs.second])
    facts = Facts(mentions, parts(pairs, len(mentions)))
    rows = rows_of(facts, pairs.first, pairs.second, pairs.names[pairs.form])
    group = np.empty(len(mentions), dtype=np.int64)
    for places in groups:
        group[places] = zlib.crc32(min(mentions[place].name_key for place in places).encode())
    return Labeled(rows, people[pairs.first] == people[pairs.second], weight, group[pairs.first]), pairs


def train(sets: Sequence[Labeled], seed: int = 0) -> Scorecard:
    """Fit BAGS scorecards on samples of the pairs and average their tables."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    edges = _edges(sets)
    tables = [np.zeros((len(edge) + 2, len(edges[0]) + 1)) for edge in edges]
    intercept = 0.0
    for bag in range(BAGS):
        rows, same, weight = _sample(sets, np.random.default_rng([seed, bag]))
        learner = HistGradientBoostingClassifier(
            max_iter=ROUNDS, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=100, l2_regularization=5,
            monotonic_cst=[1 if name in RISING else -1 if name in FALLING else 0 for name in FEATURES],
            interaction_cst=[{0, column} for column in range(1, len(FEATURES))],
            early_stopping=False, random_state=seed * BAGS + bag,
        )  # fmt: skip
        learner.fit(_steps(rows, edges), same, sample_weight=weight)
        # The library has no public way to the trees it has grown; the tables below are made of them.
        intercept += float(learner._baseline_prediction[0, 0]) / BAGS  # noqa: SLF001 - see above
        for (predictor,) in learner._predictors:  # noqa: SLF001 - see above
            _add_tree(predictor.nodes, tables, 1.0 / BAGS)
    return Scorecard(_file(edges, tables, intercept))


def _edges(sets: Sequence[Labeled]) -> list[NDArray[np.float32]]:
    """Upper ends of the steps of every feature: its least value, then quantiles of the others, all sets counting the same."""
    edges = []
    for column in range(len(FEATURES)):
        found: list[NDArray[np.float32]] = []
        least = np.inf
        for part in sets:
            values = part.rows[:, column]
            values = values[~np.isnan(values)]
            if len(values):
                least = min(least, float(values.min()))
                above = values[values > values.min()]
                if len(above):
                    found.append(np.quantile(above, np.linspace(0, 1, 4 * STEPS + 1)))
        steps = [least, *np.quantile(np.concatenate(found), np.linspace(0, 1, STEPS + 1)[1:-1], method="nearest")]
        edges.append(np.unique(np.round(np.array(steps), DECIMALS)).astype(np.float32))
    return edges


def _steps(rows: NDArray[np.float32], edges: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    steps = np.empty(rows.shape)
    for column, edge in enumerate(edges):
        steps[:, column] = np.searchsorted(edge, rows[:, column])
        steps[np.isnan(rows[:, column]), column] = np.nan
    return steps


def _sample(
    sets: Sequence[Labeled], random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    """Pairs drawn by weight, the same number and total weight of every set, with copies that hide evidence."""
    rows, same, weights = [], [], []
    for part in sets:
        chosen = random.choice(len(part.same), min(PAIRS_A_SET, len(part.same)), p=part.weight / part.weight.sum())
        drawn, answer = part.rows[chosen], part.same[chosen]
        weight = np.full(len(chosen), 1.0 / len(chosen))
        rows.append(drawn)
        same.append(answer)
        weights.append(weight)
        for _ in range(COPIES):
            copy = drawn.copy()
            for kind in KINDS:
                hidden = np.flatnonzero(random.random(len(chosen)) < 0.5)
                copy[np.ix_(hidden, np.array([FEATURES.index(name) for name in kind]))] = np.nan
            rows.append(copy)
            same.append(answer)
            weights.append(weight * COPY_WEIGHT)
    total = np.concatenate(weights)
    return np.concatenate(rows), np.concatenate(same), total / total.mean()


def _add_tree(nodes: Any, tables: Sequence[NDArray[np.float64]], scale: float) -> None:
    """Add the leaves of one tree to the tables. A path uses rarity and at most one other feature."""

    def walk(index: int, column: int, steps: NDArray[np.bool_], rarity: NDArray[np.bool_]) -> None:
        node = nodes[index]
        if node["is_leaf"]:
            table = tables[column]
            chosen = steps if column else np.append(rarity, False)
            table[np.ix_(chosen, rarity if column else np.ones(table.shape[1], dtype=bool))] += node["value"] * scale
            return
        feature, cut = int(node["feature_idx"]), node["num_threshold"]
        if feature == 0:
            low = np.arange(len(rarity)) <= cut
            walk(int(node["left"]), column, steps, rarity & low)
            walk(int(node["right"]), column, steps, rarity & ~low)
            return
        if not column:
            steps = np.ones(len(tables[feature]), dtype=bool)
        low = np.arange(len(steps)) <= cut
        low[-1] = bool(node["missing_go_to_left"])
        walk(int(node["left"]), feature, steps & low, rarity)
        walk(int(node["right"]), feature, steps & ~low, rarity)

    walk(0, 0, np.empty(0, dtype=bool), np.ones(tables[0].shape[1], dtype=bool))


def _file(edges: Sequence[NDArray[np.float32]], tables: Sequence[NDArray[np.float64]], intercept: float) -> ModelFile:
    return ModelFile(
        version=VERSION,
        trained_on=", ".join(SETS),
        intercept=round(intercept, 5),
        rarity_edges=tuple(map(float, edges[0])),
        tables=tuple(
            Table(
                name, tuple(map(float, edges[column])), tuple(tuple(map(float, r)) for r in np.round(tables[column], 4))
            )
            for column, name in enumerate(FEATURES)
        ),
        threshold=THRESHOLD,
        unsure=UNSURE,
    )


# --- the command -----------------------------------------------------------------------------------------------------


def read_sets(folder: Path) -> dict[str, Labeled]:
    """The labeled pairs of every training set under FOLDER."""
    found = {}
    for name in SETS:
        mentions = read_mentions(folder / "disambiguation" / "dev" / name / "mentions.jsonl.gz")
        truth = read_truth(folder / "disambiguation" / "dev" / name / "truth_clusters.json.gz")
        pairs, _ = labeled(mentions, [truth[mention.sort_key] for mention in mentions])
        found[name] = usable(name, pairs)
    return found


def usable(name: str, pairs: Labeled) -> Labeled:
    """The pairs of a set to learn from: its labels must know the kind of pair.

    An OpenReview id goes with one spelling, so that set calls people two whose name was misspelled or cut.
    """
    if name != "openreview":
        return pairs
    known = pairs.rows[:, FEATURES.index("relation")] < RELATION_CODE["shortened"]
    return Labeled(pairs.rows[known], pairs.same[known], pairs.weight[known], pairs.group[known])


def main(arguments: Sequence[str]) -> None:
    """Count, train, write."""
    parser = argparse.ArgumentParser(description="Train the identity model.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    FILE.parent.mkdir(exist_ok=True)
    counted = msgspec.json.encode(count(folder / "papers.jsonl.zst"))
    vocabulary.FILE.write_bytes(gzip.compress(counted, mtime=0))
    vocabulary.frequencies.cache_clear()
    model = train(list(read_sets(folder).values()))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(model.file), indent=0) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
