"""What a crowd at the explorer does to other pages: `uv run python tests/benchmarks/crowd.py --works 10000 [--rounds 5] [--impatient]`.

A hundred clients ask for the most that the explorer answers: the ten who share works with most others, two steps out, as page and
API, with six of them unfolded, and the strongest ways between them. Beside them one client reads profiles, pages of works and the
front page. Rounds with the crowd and without it take turns; figures are the median of the ratios of each round. Whoever is told to come
back later does, or asks again at once if `--impatient`. The site's own web server on loopback, engines of its own; clients are in a
process of their own, on the same cores.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from graph.exploring import UNFOLDED_MOST  # noqa: E402 - the checkout is not installed as a package
from tests.benchmarks.engines import engines  # noqa: E402
from tests.benchmarks.explorer import HEAVIEST, p95  # noqa: E402
from tests.benchmarks.surroundings import surround  # noqa: E402
from tests.benchmarks.whole_graph import bylines, fill  # noqa: E402

CLIENTS: Final = 100
READ: Final = 200
"""Pages a round."""
MOST_SECONDS: Final = 120.0
"""After so long a crowd leaves whatever happens."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--works", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--impatient", action="store_true", help="ask again at once when told to come back later")
    given = parser.parse_args()
    with engines() as where:
        people, heavy = filled(given.works)
        with server(where) as port:
            print(
                json.dumps(
                    measure(port, given.works, people, heavy, rounds=given.rounds, patient=not given.impatient),
                    indent=2,
                )
            )


def filled(works: int) -> tuple[int, list[int]]:
    """How many people there are, and who of them share works with most others."""
    from researchgraph.lib import bulk

    given = bylines(works)
    people = int(given.researcher.max())
    fill(given, people=people)
    surround(people)
    degrees = (
        "SELECT id FROM (SELECT a_id AS id FROM graph_coauthoredge UNION ALL SELECT b_id FROM graph_coauthoredge) e"
    )
    return people, [key for (key,) in bulk.fetch(f"{degrees} GROUP BY id ORDER BY count(*) DESC, id LIMIT {HEAVIEST}")]


@contextmanager
def server(where: Path) -> Iterator[int]:
    """The site's web server, as every site starts it; its port."""
    from researchgraph import supervisor

    with supervisor.listen(0) as listener:
        program = supervisor.web(listener)
        process = subprocess.Popen(
            [sys.executable, "-m", program.module, *program.arguments],
            cwd=ROOT, env={**os.environ, "DATA_DIR": str(where)}, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield listener.getsockname()[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def measure(port: int, works: int, people: int, heavy: list[int], *, rounds: int, patient: bool) -> dict[str, Any]:
    """All figures; times in milliseconds."""
    chance = random.Random(1)  # noqa: S311 - a benchmark, not a secret
    read(port, pages(works, people, chance))
    quiet, crowded, answers = [], [], Counter[str]()
    for _ in range(rounds):
        paths = pages(works, people, chance)
        quiet.append(read(port, paths))
        with crowd(port, heavy, patient=patient) as asked:
            crowded.append(read(port, paths))
        answers.update(asked())
    ratios = [p95(there) / p95(alone) for there, alone in zip(crowded, quiet, strict=True)]
    return {
        "other_pages_p95_ms": round(1000 * statistics.median(map(p95, quiet)), 1),
        "beside_the_crowd_p95_ms": round(1000 * statistics.median(map(p95, crowded)), 1),
        "p95_ratio": round(statistics.median(ratios), 2),
        "p95_ratio_of_each_round": [round(one, 2) for one in ratios],
        "p50_ratio": round(
            statistics.median(
                statistics.median(there) / statistics.median(alone) for there, alone in zip(crowded, quiet, strict=True)
            ),
            2,
        ),
        "the_crowd_was_answered": dict(answers),
    }


def pages(works: int, people: int, chance: random.Random) -> list[str]:
    """What is read: profiles, works, and now and then the front page."""
    researchers = [f"/researchers/{chance.randrange(1, people + 1):010}/" for _ in range(READ)]
    held = [f"/works/{chance.randrange(1, works + 1):010}/" for _ in range(READ)]
    return ["/" if place % 10 == 0 else (researchers, held)[place % 2][place] for place in range(READ)]


def read(port: int, paths: list[str]) -> list[float]:
    """Seconds of each page, one after the other."""
    times = []
    for path in paths:
        began = time.perf_counter()
        status, _wait = ask(port, path)
        times.append(time.perf_counter() - began)
        if status not in {200, 301, 302}:
            raise SystemExit(f"{path} was answered with {status}.")
    return times


def ask(port: int, path: str) -> tuple[int, float]:
    """The status of an answer, and the seconds after which to come back."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, float(answer.headers.get("Retry-After", 0))
    finally:
        connection.close()


@contextmanager
def crowd(port: int, heavy: list[int], *, patient: bool) -> Iterator[Any]:
    """A hundred clients for as long as this lasts; what they were answered, by status."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_crowd, args=(there, port, heavy, patient), daemon=True
    )
    process.start()
    here.recv()  # all are asking
    result: dict[str, int] = {}
    yield lambda: result
    here.send("enough")
    result.update(here.recv())
    process.join()


def _crowd(pipe: Connection, port: int, heavy: list[int], patient: bool) -> None:  # noqa: FBT001 - of a process
    enough, answers, lock = Event(), Counter[str](), Lock()

    def client(number: int) -> None:
        paths = worst(heavy, number)
        turn = number
        while not enough.is_set():
            status, wait = ask(port, paths[turn % len(paths)])
            turn += 1
            with lock:
                answers[str(status)] += 1
            if patient and wait:
                enough.wait(wait)

    threads = [Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    pipe.send("here")
    pipe.poll(MOST_SECONDS)
    enough.set()
    for thread in threads:
        thread.join()
    pipe.send(dict(answers))


def worst(heavy: list[int], number: int) -> list[str]:
    """The most that may be asked for: page, unfolded too, API and strongest way, of different people for each client."""
    one, other = heavy[number % len(heavy)], heavy[(number + 3) % len(heavy)]
    unfolded = "+".join(f"person:{key:010}" for key in heavy[:UNFOLDED_MOST])
    return [
        f"/explore/researchers/{one:010}/?since=1900&steps=2&open={unfolded}",
        f"/explore/researchers/{one:010}/?steps=2",
        f"/api/v1/graph/researchers/{other:010}/?steps=2",
        f"/explore/path/?a={one:010}&b={other:010}&by=strength",
    ]


if __name__ == "__main__":
    main()
