"""What the whole graph costs: `uv run python tests/benchmarks/whole_graph.py --works 10000 --works 100000 [--rounds 5] [--update]`.

All pairs from all bylines, against the plain product of the matrices by scipy and against networkx; components, PageRank and
communities, against networkx. Each is measured in turns with what it is compared with, in one process and on one core, by the
time of the processor; figures are medians of the ratios of each round. networkx is left out above 100,000 works. Peak memory is
that of a process which does nothing else.

`--update` fills a database of its own with the same bylines and their pairs, one record in a hundred verified, adds 1,000 works, and
times what workers do until nothing is left, trust of everybody included, against recomputing everybody: a sample of whole batches
stands for everybody above 10,000 works.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from graph import measures  # noqa: E402 - the checkout is not installed as a package
from graph.adjacency import Adjacency, Integers, Pairs, adjacency  # noqa: E402
from graph.algorithms import HYPER_AUTHORSHIP  # noqa: E402
from graph.projection import Bylines, Edges, projection  # noqa: E402
from tests.benchmarks.engines import apart, engines  # noqa: E402
from tests.benchmarks.synthetic import CROWD, FIRST_YEAR, LABORATORY, LAST_YEAR, WORKS_A_PERSON  # noqa: E402

NETWORKX_UP_TO = 100_000
MORE = 1_000
"""Works of the update."""
VERIFIED_EACH = 100
"""One in so many records is verified."""
EVERYBODY_UP_TO = 10_000
SAMPLED = 3
"""Batches that stand for everybody in a larger graph."""


def bylines(works: int, *, seed: int = 1) -> Bylines:
    """The distribution of `synthetic.lines` without the words: who is on which work. Keys begin with 1."""
    chance = np.random.default_rng(seed)
    people = max(LABORATORY, int(works / WORKS_A_PERSON))
    laboratories = max(1, people // LABORATORY)
    home = (chance.random(works) ** 2 * laboratories).astype(np.int64)
    size = 1 + np.minimum(chance.exponential(1 / 0.3, works).astype(np.int64), 14)
    size = np.where(chance.random(works) < 0.001, CROWD, size)
    inside = np.minimum(size, LABORATORY)
    seats = np.argsort(chance.random((works, LABORATORY)), axis=1)
    at, seat = np.nonzero(np.arange(LABORATORY) < inside[:, None])
    guests = np.repeat(np.arange(works), size - inside + (chance.random(works) < 0.2))
    work = np.concatenate((at, guests))
    who = np.concatenate((home[at] * LABORATORY + seats[at, seat], chance.integers(0, people, len(guests))))
    work, who = np.divmod(np.unique(work * people + who), people)
    year = FIRST_YEAR + (chance.random(works) ** 0.5 * (LAST_YEAR - FIRST_YEAR + 1)).astype(np.int64)
    authors = np.bincount(work, minlength=works)
    return Bylines(work + 1, who + 1, authors[work], np.zeros(len(work), dtype=np.int64), year[work])


def product(given: Bylines) -> Any:
    """The floor: B' D B, both triangles and the diagonal, without years or counts."""
    counted = (given.authors > 1) & (given.authors <= HYPER_AUTHORSHIP)
    work, who, authors = given.work[counted], given.researcher[counted], given.authors[counted]
    incidence = sparse.csr_array((np.ones(len(work)), (work, who)))
    shares = np.zeros(incidence.shape[0])
    shares[work] = 1 / (authors - 1)
    return incidence.T @ sparse.diags_array(shares) @ incidence


def bipartite(given: Bylines) -> nx.Graph[Any]:
    """Works and researchers as networkx projects them."""
    counted = (given.authors > 1) & (given.authors <= HYPER_AUTHORSHIP)
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_edges_from(
        (("work", work), who)
        for work, who in zip(given.work[counted].tolist(), given.researcher[counted].tolist(), strict=True)
    )
    return graph


def seconds(action: Callable[[], Any], *, clock: Callable[[], float] = time.process_time) -> float:
    began = clock()
    action()
    return clock() - began


def in_turns(actions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each action in each round, in an order that changes."""
    chance = random.Random(1)  # noqa: S311 - a benchmark, not a secret
    names = list(actions)
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        chance.shuffle(names)
        for name in names:
            found[name].append(seconds(actions[name]))
    return found


def ratio(one: list[float], other: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(one, other, strict=True)), 3)


def grown(action: Callable[[], Any]) -> int:
    """By how many MB a process grows that does nothing else."""

    def measured() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        action()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024

    found: int = apart(measured)
    return found


def arrays(works: int, rounds: int) -> dict[str, Any]:
    """Projection and measures of so many works."""
    given = bylines(works)
    edges = projection(given)
    graph = adjacency(Pairs(edges.a, edges.b, edges.weight))
    taken = in_turns(
        {
            "projection": lambda: projection(given), "product": lambda: product(given),
            "components": lambda: measures.components(graph.weights),
            "pagerank": lambda: measures.pagerank(graph.weights),
            "communities": lambda: measures.communities(graph.weights),
        },
        rounds,
    )  # fmt: skip
    found: dict[str, Any] = {
        "works": works, "bylines": len(given.work), "pairs": len(edges.a), "researchers": graph.people,
        "seconds": {name: round(statistics.median(times), 3) for name, times in taken.items()},
        "projection_over_product": ratio(taken["projection"], taken["product"]),
        "peak_mb": {
            "projection": grown(lambda: projection(given)),
            "product": grown(lambda: product(given)),
            "communities": grown(lambda: measures.communities(graph.weights)),
        },
    }  # fmt: skip
    if works <= NETWORKX_UP_TO:
        found["networkx"] = against_networkx(given, graph, edges, rounds)
    return found


def against_networkx(given: Bylines, graph: Adjacency, edges: Edges, rounds: int) -> dict[str, Any]:
    """How many times as long networkx takes, its graphs made beforehand, in turns with ours before and after it."""
    incidence = bipartite(given)
    people = {node for node in incidence if not isinstance(node, tuple)}
    plain: nx.Graph[int] = nx.Graph()
    plain.add_weighted_edges_from(zip(edges.a.tolist(), edges.b.tolist(), edges.weight.tolist(), strict=True))
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "projection": (
            lambda: nx.bipartite.weighted_projected_graph(incidence, people),
            lambda: projection(given),
        ),
        "components": (
            lambda: list(nx.connected_components(plain)),
            lambda: measures.components(graph.weights),
        ),
        "pagerank": (lambda: nx.pagerank(plain), lambda: measures.pagerank(graph.weights)),
    }
    found = {}
    for name, (theirs, ours) in pairs.items():
        turns = [(seconds(ours), seconds(theirs), seconds(ours)) for _ in range(rounds)]
        found[name] = {
            "seconds": round(statistics.median(long for _, long, _ in turns), 2),
            "times": round(statistics.median(2 * long / (before + after) for before, long, after in turns), 1),
        }
    return found


def update(works: int) -> dict[str, Any]:
    """Seconds until nothing is left to do after 1,000 new works, and to recompute everybody."""
    with engines():
        from graph.flows import check, measure, network, recompute
        from researchgraph.lib import bulk

        given = bylines(works + MORE)
        new = given.work > works
        everybody = list(range(1, int(given.researcher.max()) + 1))
        fill(Bylines(*(column[~new] for column in given)), people=len(everybody))
        verify(everybody[::VERIFIED_EACH])
        network.refresh()
        bulk.run("DELETE FROM graph_staleresearcher")
        store(Bylines(*(column[new] for column in given)))
        touched = np.unique(given.researcher[new]).tolist()
        before = stored(bulk)
        one = updated(touched)
        after = stored(bulk)
        size = recompute.RESEARCHERS_A_BATCH
        batches = [everybody[first : first + size] for first in range(0, len(everybody), size)]
        sampled = random.Random(1).sample(batches, min(SAMPLED, len(batches)))  # noqa: S311 - a benchmark, not a secret
        chosen = sampled if works > EVERYBODY_UP_TO else batches
        full = sum(seconds(partial(recompute.recompute, ids, causes={}), clock=time.perf_counter) for ids in chosen)
        full *= len(everybody) / sum(map(len, chosen))
        found = check.check()
        measured = seconds(lambda: measure.measure(minutes=0), clock=time.perf_counter)
        total = sum(one[part] for part in ("recompute_s", "trust_s"))
        return {
            "works": works, "researchers": len(everybody), "touched": len(touched),
            "touched_share": round(len(touched) / len(everybody), 4), **one,
            "update_s": round(total, 2), "full_s": round(full, 1), "sampled": chosen is not batches,
            "update_over_full": round(total / full, 4),
            "pairs": found.pairs, "pairs_wrong_afterwards": found.differing,
            "pairs_changed": len(set(after.items()) - set(before.items())), "measure_s": round(measured, 1),
        }  # fmt: skip


def updated(touched: list[int]) -> dict[str, Any]:
    """What workers do once somebody's works have changed, as `graph.tasks.recompute_stale` does it, and how long each part took."""
    from graph.flows import network, recompute
    from researchgraph import events

    events.researchers_changed.send(sender=None, researcher_ids=touched, cause="import")
    counts = {"recomputed": 0, "trust_of": 0}
    times = {"recompute_s": 0.0, "trust_s": 0.0}
    while True:
        began = time.perf_counter()
        recomputed = recompute.recompute_stale()
        between = time.perf_counter()
        times["recompute_s"] += between - began
        counts["recomputed"] += recomputed
        if recomputed:
            continue
        concerned = network.refresh()
        times["trust_s"] += time.perf_counter() - between
        counts["trust_of"] += concerned
        if not concerned:
            return {**counts, **{part: round(took, 2) for part, took in times.items()}}


def stored(bulk: Any) -> dict[tuple[int, int], tuple[Any, ...]]:
    """Every stored pair."""
    rows = bulk.fetch("SELECT a_id, b_id, weight, works, first_year, last_year FROM graph_coauthoredge")
    return {(row[0], row[1]): row[2:] for row in rows}


def fill(given: Bylines, *, people: int) -> None:
    """Researchers, works, bylines and pairs."""
    from researchgraph.lib import bulk

    bulk.copy_rows(
        "profiles_researcher",
        (
            "id",
            "public_id",
            "display_name",
            "sort_name",
            "slug",
            "name_key",
            "block_key",
            "listed_under",
            "works_count",
        ),
        (
            (key, f"{key:010}", f"Ada {key}", f"{key}, Ada", f"ada-{key}", f"ada {key}", f"{key} a", f"{key} a", 1)
            for key in range(1, people + 1)
        ),
    )
    store(given)
    edges = projection(given)
    bulk.copy_rows(
        "graph_coauthoredge",
        ("a_id", "b_id", "weight", "works", "first_year", "last_year"),
        zip(*(column.tolist() for column in edges), strict=True),
    )
    bulk.run("ANALYZE")


def verify(keys: list[int]) -> None:
    """Let each of these records be held by a claim of somebody's own, on strong proof."""
    from researchgraph.lib import bulk

    bulk.copy_rows(
        "auth_user",
        (
            "id",
            "username",
            "password",
            "first_name",
            "last_name",
            "email",
            "is_superuser",
            "is_staff",
            "is_active",
            "date_joined",
        ),
        ((key, f"ada-{key}", "!", "", "", "", False, False, True, "2026-01-01") for key in keys),
    )
    bulk.copy_rows(
        "profiles_claim", ("id", "claimant_id", "state", "level"), ((key, key, "approved", 2) for key in keys)
    )
    bulk.copy_rows("profiles_claimedrecord", ("claim_id", "researcher_id", "holds"), ((key, key, True) for key in keys))


def store(given: Bylines) -> None:
    """Works and bylines."""
    from researchgraph.lib import bulk

    _, first = np.unique(given.work, return_index=True)
    bulk.copy_rows(
        "works_work",
        ("id", "public_id", "title", "title_key", "slug", "type", "year", "date", "author_count", "author_keys",
         "version_label", "code_url", "site_url", "pdf_url", "license", "unaligned_affiliations", "provenance", "alternatives"),
        (
            (key, f"{key:010}", f"Work {key}", f"work {key}", "", "journal", year, str(year), authors, "{}",
             "", "", "", "", "", "{}", "{}", "{}")
            for key, authors, year in zip(
                *(column[first].tolist() for column in (given.work, given.authors, given.year)), strict=True
            )
        ),
    )  # fmt: skip
    bulk.copy_rows(
        "works_authorship",
        ("work_id", "position", "raw_name", "raw_affiliation", "affiliation_domain", "native_name", "identifiers",
         "name_key", "block_key", "institutions", "researcher_id", "kind", "evidence"),
        (
            (work, position, f"Ada {who}", "", "", "", "{}", f"ada {who}", f"{who} a", "{}", who, "corroborated", "[]")
            for work, who, position in zip(
                given.work.tolist(), given.researcher.tolist(), positions(given.work).tolist(), strict=True
            )
        ),
    )  # fmt: skip


def positions(work: Integers) -> Integers:
    """How many bylines of the same work stand before."""
    _, first, which = np.unique(work, return_index=True, return_inverse=True)
    places: Integers = np.arange(len(work)) - first[which]
    return places


def growth(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exponents b of seconds ~ works^b between each size and the next."""
    return [
        {
            "from": a["works"], "to": b["works"],
            **{
                name: round(math.log(b["seconds"][name] / a["seconds"][name]) / math.log(b["works"] / a["works"]), 2)
                for name in a["seconds"]
            },
        }
        for a, b in pairwise(results)
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--works", type=int, action="append", help="how many works; may be repeated (default: 10000)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--update", action="store_true", help="time an update of the database instead")
    options = parser.parse_args()
    sizes = options.works or [10_000]
    if options.update:
        results = [apart(partial(update, works)) for works in sizes]
        print(json.dumps(results, indent=2))
        return
    results = [arrays(works, options.rounds) for works in sizes]
    print(json.dumps({"results": results, "growth": growth(results)}, indent=2))


if __name__ == "__main__":
    main()
