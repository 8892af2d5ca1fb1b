"""How long the explorer's canvas takes to show a large graph: `uv run python tests/benchmarks/first_frame.py [--rounds 10]`.

2,000 nodes and 6,000 edges, with labels, in Chromium without a window, which draws WebGL with the processor; from the parsed answer
to the frame in which it is on the screen, of what `make check` or a demo has built last. The first time in a page the shaders are
compiled too, so each round loads the page anew. The canvas with one node is the floor, in turns. Engines and web server of its own.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks.crowd import server  # noqa: E402 - the checkout is not installed as a package
from tests.benchmarks.engines import engines  # noqa: E402
from tests.benchmarks.whole_graph import bylines, fill  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

LARGE: Final = (2_000, 6_000)
SMALL: Final = (1, 0)
SHOW: Final = """
async ([many, edges]) => {
    const kinds = ["person", "work", "topic", "institution"];
    const nodes = Array.from({ length: many }, (_, n) => ({
        id: `person:${n}`, kind: kinds[n % 4], label: `Somebody ${n}`, short: `S. ${n}`, url: "/", works: 1, strength: 0.1,
        strength_in_all: 0.1, first_year: null, last_year: null, steps: 1, size: 4,
        x: 380 + 340 * Math.cos(n * 2.4) * Math.sqrt(n / many), y: 380 + 340 * Math.sin(n * 2.4) * Math.sqrt(n / many) }));
    const joined = Array.from({ length: edges }, (_, n) => ({
        source: `person:${n % many}`, target: `person:${(n * 7 + 1 + Math.floor(n / many)) % many}`,
        works: 1, strength: 0.1, width: 1.5 }));
    const explorer = document.querySelector("graph-explorer");
    const began = performance.now();
    explorer.show({ center: "person:0", nodes, edges: joined, counts: [], edges_total: edges, sampled: false });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    for (const layer of ["edges", "nodes"]) explorer.sigma.getCanvases()[layer].getContext("webgl2").finish();
    return performance.now() - began;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with engines() as where:
        from django.core.management import call_command

        from researchgraph.lib import bulk

        call_command("collectstatic", interactive=False, verbosity=0)
        given = bylines(100)
        fill(given, people=int(given.researcher.max()))
        [(somebody,)] = bulk.fetch("SELECT min(a_id) FROM graph_coauthoredge")
        with server(where) as port, sync_playwright() as playwright:
            # The system's own browser, or else the one that playwright brings. No sandbox: containers run as root.
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            there = f"http://127.0.0.1:{port}/explore/researchers/{somebody:010}/"
            times = [(shown(page, there, SMALL), shown(page, there, LARGE)) for _ in range(rounds)]
            browser.close()
    small, large = (sorted(column) for column in zip(*times, strict=True))
    print(json.dumps({"one_node": figures(small), "nodes_2000_edges_6000": figures(large)}, indent=2))


def shown(page: Page, address: str, size: tuple[int, int]) -> float:
    """Milliseconds until a graph of this size is on the screen of a page that has just been loaded."""
    page.goto(address)
    page.locator("[data-canvas] canvas").first.wait_for()
    taken: float = page.evaluate(SHOW, list(size))
    return taken


def figures(times: list[float]) -> dict[str, Any]:
    return {"median_ms": round(statistics.median(times)), "least_ms": round(times[0]), "most_ms": round(times[-1])}


if __name__ == "__main__":
    main()
