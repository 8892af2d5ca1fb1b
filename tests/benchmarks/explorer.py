"""What the explorer's queries cost: `uv run python tests/benchmarks/explorer.py --works 10000 --works 100000 --works 1000000`.

What is next to a person, as table, picture and API get it, against the lookup of one row by its key, in turns, in one process: for
random people, each asked for twice, and for the ten who share works with most others; of topics and institutions, from the largest to
small ones. Then ways between random people, the shortest and the strongest. Tables are filled as for `whole_graph.py`, with topics and
institutions (`surroundings.py`); engines of its own, no web server.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.engines import apart, engines  # noqa: E402 - the checkout is not installed as a package
from tests.benchmarks.surroundings import TOPICS, surround  # noqa: E402
from tests.benchmarks.whole_graph import bylines, fill  # noqa: E402

PEOPLE: Final = 300
PATHS: Final = 150
HEAVIEST: Final = 10
ROUNDS: Final = 20
RANKS: Final = (1, 2, 20, TOPICS // 2)
"""Of topics, by size; the institutions of these numbers are the largest one, and usual ones."""
ROW: Final = "SELECT id, public_id, display_name, works_count FROM profiles_researcher WHERE id = %s"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--works", type=int, action="append", help="how many; may be repeated")
    sizes = parser.parse_args().works or [10_000]
    results = [apart(partial(measure, works)) for works in sizes]
    growth = {
        f"{name}, {a['works']} to {b['works']}": round(
            math.log(b[name] / a[name]) / math.log(b["works"] / a["works"]), 3
        )
        for name in ("neighborhood_over_row", "again_over_row")
        for a, b in [*pairwise(results), (results[0], results[-1])]
        if a is not b
    }
    print(json.dumps({"results": results, "growth": growth}, indent=2))


def measure(works: int) -> dict[str, Any]:
    """All figures; times in milliseconds."""
    with engines():
        from researchgraph.lib import bulk

        given = bylines(works)
        people = int(given.researcher.max())
        fill(given, people=people)
        surround(people)
        degrees = "SELECT id, count(*) FROM (SELECT a_id AS id FROM graph_coauthoredge UNION ALL SELECT b_id FROM graph_coauthoredge)"
        rows = bulk.fetch(f"{degrees} e GROUP BY id ORDER BY count(*) DESC, id")
        chance = random.Random(1)  # noqa: S311 - a benchmark, not a secret
        known = [key for key, _count in rows]
        asked = chance.sample(known, min(PEOPLE, len(known)))
        twice = in_turns(asked, rounds=2)
        usual, again = (
            {name: times[part] for name, times in twice.items()}
            for part in (slice(len(asked)), slice(len(asked), None))
        )
        heavy = in_turns(known[:HEAVIEST], rounds=ROUNDS)
        ends = [chance.sample(known, 2) for _ in range(PATHS)]
        return {
            "works": works, "people": people, "pairs": sum(count for _key, count in rows) // 2, "most_coauthors": rows[0][1],
            "row_ms": ms(usual["row"]), "neighborhood_ms": ms(usual["neighborhood"]),
            "neighborhood_over_row": over(usual, statistics.median), "neighborhood_over_row_p95": over(usual, p95),
            "again_ms": ms(again["neighborhood"]), "again_over_row": over(again, statistics.median),
            "again_over_row_p95": over(again, p95),
            "heaviest_ms": ms(heavy["neighborhood"]), "heaviest_over_row": over(heavy, statistics.median),
            "others": [others(kind, rank) for kind in ("topic", "institution") for rank in RANKS],
            **{name: paths(ends, strongest=name == "strongest") for name in ("shortest", "strongest")},
        }  # fmt: skip


def in_turns(keys: list[int], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of each lookup and each neighborhood, each asked once before, as on a connection that is in use."""
    from graph.exploring import Ref, view
    from graph.neighborhood_selectors import neighborhood
    from researchgraph.lib import bulk

    found: dict[str, list[float]] = {"row": [], "neighborhood": []}
    for key in [*keys[:10], *keys * rounds]:
        asked = view(Ref("person", f"{key:010}"), {})
        found["row"].append(seconds(lambda key=key: bulk.fetch(ROW, [key])))  # type: ignore[misc]
        found["neighborhood"].append(seconds(lambda asked=asked: neighborhood(asked)))  # type: ignore[misc]
    return {name: times[10:] for name, times in found.items()}


def others(kind: str, rank: int) -> dict[str, Any]:
    """Milliseconds of what is next to a topic or an institution, and how many works it has."""
    from graph.exploring import Ref, view
    from graph.neighborhood_selectors import neighborhood
    from researchgraph.lib import bulk

    asked = view(Ref(kind, f"{rank:010}"), {})
    times = [seconds(lambda: neighborhood(asked)) for _ in range(ROUNDS)][1:]
    works = bulk.fetch(f"SELECT count(*) FROM works_work{kind} WHERE {kind}_id = %s", [rank])[0][0]  # noqa: S608 - two words of ours
    return {"kind": kind, "works": works, "ms": ms(times)}


def paths(ends: list[list[int]], *, strongest: bool) -> dict[str, Any]:
    """Milliseconds of a search between two people, names and works of its answer included."""
    from graph import path_selectors

    times, found, steps = [], 0, []
    for one, other in ends:
        pair = path_selectors.people(f"{one:010}", f"{other:010}")
        if pair is None:
            continue
        began = time.perf_counter()
        answer = path_selectors.connection(*pair, strongest=strongest)
        times.append(time.perf_counter() - began)
        found += bool(answer.ways)
        steps.append(answer.distance)
    return {
        "p50_ms": ms(times),
        "p95_ms": round(1000 * p95(times), 1),
        "found": found,
        "of": len(times),
        "steps_most": max(steps),
    }


def seconds(action: Callable[[], Any]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def ms(times: list[float]) -> float:
    return round(1000 * statistics.median(times), 3)


def over(times: dict[str, list[float]], what: Callable[[list[float]], float]) -> float:
    return round(what(times["neighborhood"]) / what(times["row"]), 2)


if __name__ == "__main__":
    main()
