"""Trust over co-authorship beside networkx's PageRank, on the same synthetic pairs, in the same run, in turns.

    uv run python tests/benchmarks/trust_flow.py [--pairs 1000000] [--times 3] [--verified 1]

Pairs have heavy tails: ends are drawn by rank, so a few people have thousands of co-authors. `--verified` is the share of
people with verified records, in percent. Both start from the same pairs as arrays; building the graph is in both times.
A third step of the walk is measured too: for how many people it would have changed a point.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from graph import trust_model  # noqa: E402 - the checkout is not installed as a package
from graph.adjacency import Adjacency, Integers, Pairs, adjacency  # noqa: E402
from graph.trust_flow import TIE, received  # noqa: E402

RULE = trust_model.load("").weights.network


def synthetic(count: int) -> Pairs:
    """So many pairs of about a fifth as many people."""
    chance = np.random.default_rng(11)
    people = count // 5
    ends = (people * chance.random((2 * count, 2)) ** 1.6).astype(np.int64)
    ends.sort(axis=1)
    ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
    ends = ends[np.sort(chance.permutation(len(ends))[:count])]
    return Pairs(ends[:, 0], ends[:, 1], 1 / chance.integers(1, 8, len(ends)))


def ours(pairs: Pairs, verified: Integers) -> int:
    return len(received(pairs, verified, carry=RULE.carry, shared_by=RULE.shared_by).keys)


def peer(pairs: Pairs, verified: Integers) -> int:
    graph: nx.Graph[int] = nx.Graph()
    graph.add_weighted_edges_from(zip(*(column.tolist() for column in pairs), strict=True))
    start = dict.fromkeys((key for key in verified.tolist() if key in graph), 1.0)
    return len(nx.pagerank(graph, personalization=start))


def third_step(graph: Adjacency, verified: Integers) -> tuple[int, int]:
    """How many receive anything within two steps, and to how many a third step would bring a point more."""
    ties = graph.weights.copy()
    ties.data = np.minimum(ties.data, TIE)
    sources = np.zeros(graph.people)
    sources[np.isin(graph.keys, verified)] = 1.0
    out = (1 - sources) * RULE.carry / 100 / np.maximum(ties.sum(axis=1), RULE.shared_by)
    first = ties @ sources
    second = ties @ (out * first)
    third = ties @ (out * second)
    two, three = (
        np.minimum(RULE.most, np.floor(RULE.each_trust * amount)) for amount in (first + second, first + second + third)
    )
    return int((first + second > 0).sum()), int((three > two).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--verified", type=float, default=1.0)
    given = parser.parse_args()
    pairs = synthetic(given.pairs)
    graph = adjacency(pairs)
    chance = np.random.default_rng(12)
    verified = chance.choice(graph.keys, int(graph.people * given.verified / 100), replace=False)
    print(f"{len(pairs.a):,} pairs of {graph.people:,} people, {len(verified):,} of them verified")
    reach, more = third_step(graph, verified)
    print(f"{reach:,} people are reached; a third step would bring {more:,} of them a point")
    seconds: dict[str, list[float]] = {}
    turns: list[tuple[str, Callable[[Pairs, Integers], int]]] = [("trust", ours), ("networkx.pagerank", peer)]
    for _ in range(given.times):
        for name, measured in turns:
            began = time.perf_counter()
            measured(pairs, verified)
            seconds.setdefault(name, []).append(time.perf_counter() - began)
    for name, measured in turns:
        # In a turn of its own, because following every allocation takes time.
        tracemalloc.start()
        measured(pairs, verified)
        most = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"{name}: {statistics.median(seconds[name]):.2f} s, at most {most:.0f} MB")
    ratio = statistics.median(b / a for a, b in zip(seconds["trust"], seconds["networkx.pagerank"], strict=True))
    print(f"ratio of the times in a turn, median: {ratio:.0f}")


if __name__ == "__main__":
    main()
