"""The explorer in a real browser: the same six tasks with the canvas and with the table only, and without scripts."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pipeline import work, write

if TYPE_CHECKING:
    from tests.conftest import DemoSite

pytestmark = pytest.mark.timeout(300)

WREN, MOSS, THRUSH, LARK = "Ilse Wrenfield", "Tove Mossbank", "Arvid Thrushton", "Una Larkmoor"
LAB: Final = {"affiliation": "Institute of Hedges", "affiliation_domain": "hedges.example"}
RECORDS: Final = [
    work("hedge/1", "Hedges in winter", {"name": WREN, **LAB}, MOSS, year=2016),
    work("hedge/2", "Hedges in spring", {"name": WREN, **LAB}, MOSS, year=2018, keywords=["hedgerows"]),
    work(
        "hedge/3",
        "Birds of the hedges",
        {"name": WREN, **LAB},
        THRUSH,
        "Peder Finchley",
        year=2021,
        keywords=["hedgerows"],
    ),
    work("hedge/4", "Songs at dawn", THRUSH, LARK, year=2022),
]


@pytest.fixture(scope="module")
def wren(demo_site: DemoSite, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the graph around Ilse Wrenfield."""
    folder: Path = tmp_path_factory.mktemp("explorer")
    demo_site.manage("importworks", "jsonl", write(folder / "works.jsonl", RECORDS))
    find = f"from profiles.models import *; print(Researcher.objects.get(display_name='{WREN}').public_id)"
    public_id = demo_site.manage("shell", "-c", find).strip().splitlines()[-1]
    return f"{demo_site.url}/explore/researchers/{public_id}/"


def alive(page: Page, address: str) -> None:
    """Open the picture, and wait until it moves."""
    page.goto(address)
    page.locator("[data-canvas] canvas").first.wait_for()


def detail(page: Page) -> str:
    return page.locator("#detail").inner_text()


def exported(page: Page, form: str) -> str:
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=form).click()
    return Path(waiting.value.path()).read_text()


def test_six_tasks_with_the_canvas(page: Page, wren: str, violations: Callable[[Page], list[str]]) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    alive(page, wren)
    assert violations(page) == []
    # 1. The strongest collaborator: the first one of the rows, found with keys alone.
    strongest = first_person(page)
    assert strongest["label"] == MOSS
    page.get_by_role("application", name="Graph picture").focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
        assert " edges" in said(page)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert said(page).startswith(f"{MOSS}, person, ")
    # 2. Why there is an edge.
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=MOSS).wait_for()
    assert "Why this edge" in detail(page)
    assert "Hedges in winter" in detail(page)
    assert f"sel=person%3A{strongest['id'].partition(':')[2]}" in page.url
    # 3. Since a year.
    page.get_by_label("From", exact=True).first.fill("2020")
    page.get_by_label("From", exact=True).first.press("Tab")
    page.wait_for_url("**since=2020**")
    page.locator("[data-canvas] canvas").first.wait_for()
    assert MOSS not in [one["label"] for one in nodes(page)]
    assert THRUSH in [one["label"] for one in nodes(page)]
    # 4. A path.
    page.locator("#pb").fill(LARK)
    page.get_by_role("button", name="Find a path").click()
    page.get_by_role("heading", name=f"{WREN} and {LARK} are two steps apart").wait_for()
    expect(page.get_by_role("main")).to_contain_text("Songs at dawn", use_inner_text=True)
    # 5. What is next to an institution.
    alive(page, wren)
    place = next(one for one in nodes(page) if one["kind"] == "institution")
    page.goto(f"{wren}?sel={place['id']}")
    page.get_by_role("link", name="Center here").click()
    page.wait_for_url("**/explore/institutions/**")
    page.locator("[data-canvas] canvas").first.wait_for()
    assert WREN in [one["label"] for one in nodes(page)]
    # 6. A file, and the picture as one.
    assert WREN in exported(page, "CSV")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")
    assert problems == []


def test_six_tasks_with_the_table_only(page: Page, wren: str, violations: Callable[[Page], list[str]]) -> None:
    six_tasks_with_the_table(page, wren)
    assert violations(page) == []


def test_six_tasks_without_scripts_on_a_phone(plain_page: Page, wren: str) -> None:
    six_tasks_with_the_table(plain_page, wren)
    for address in (wren, f"{wren}?view=table", f"{wren}?view=table&steps=2"):
        plain_page.goto(address)
        expect(plain_page.locator("main svg.graph, main table")).not_to_have_count(0)


def six_tasks_with_the_table(page: Page, wren: str) -> None:
    page.goto(wren)
    page.get_by_role("link", name="Table", exact=True).click()
    people = page.get_by_role("table", name="People next to")
    # 1. The strongest collaborator.
    expect(people.get_by_role("rowheader").first).to_have_text(re.compile(rf"^\s*{MOSS}"))
    # 2. Why there is an edge.
    people.get_by_role("link", name=f"Why is {MOSS} here").click()
    page.get_by_role("heading", name="Why this edge").wait_for()
    assert "Hedges in winter" in detail(page)
    # 3. Since a year.
    page.get_by_label("From", exact=True).first.fill("2020")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**since=2020**")
    page.get_by_role("rowheader", name=THRUSH).wait_for()
    expect(page.get_by_role("rowheader", name=MOSS)).to_have_count(0)
    # 4. A path.
    page.locator("#pb").fill(LARK)
    page.get_by_role("button", name="Find a path").click()
    page.get_by_role("heading", name=f"{WREN} and {LARK} are two steps apart").wait_for()
    # 5. What is next to an institution.
    page.goto(f"{wren}?view=table")
    page.get_by_role("table", name="Institutions next to").get_by_role(
        "link", name="Center Institute of Hedges"
    ).click()
    page.wait_for_url("**/explore/institutions/**")
    expect(page.get_by_role("rowheader", name=WREN)).to_have_count(1)
    # 6. A file.
    assert WREN in exported(page, "GraphML")


def said(page: Page) -> str:
    return page.locator("[data-said]").inner_text()


def nodes(page: Page) -> list[dict[str, Any]]:
    """What the picture was drawn from."""
    found: dict[str, Any] = page.locator("graph-explorer").evaluate(
        "(element) => fetch(element.getAttribute('src')).then((answer) => answer.json())"
    )
    listed: list[dict[str, Any]] = found["nodes"]
    return listed


def first_person(page: Page) -> dict[str, Any]:
    return next(one for one in nodes(page)[1:] if one["kind"] == "person")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_scrolls_sideways_and_axe_finds_nothing(
    page: Page, wren: str, demo_site: DemoSite, violations: Callable[[Page], list[str]], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    path = f"{demo_site.url}/explore/path/?a={WREN}&b={LARK}"
    for address in (wren, f"{wren}?view=table", path, f"{demo_site.url}/explore/", f"{demo_site.url}/explore/?q=wren"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert violations(page) == [], address


def shown(page: Page) -> set[str]:
    """The ids of what the canvas has."""
    found: list[str] = page.locator("graph-explorer").evaluate("(element) => element.graph.nodes()")
    return set(found)


def in_table(page: Page, address: str) -> set[str]:
    """The names of the rows of the table of the same view."""
    page.goto(address + ("&" if "?" in address else "?") + "view=table")
    return {row.inner_text().split("\n")[0].split(" 2 steps")[0].strip() for row in page.get_by_role("rowheader").all()}


def test_unfolding_by_kind_is_in_the_address_and_the_table_keeps_step(page: Page, wren: str) -> None:
    alive(page, wren)
    thrush = next(one for one in nodes(page) if one["label"] == THRUSH)
    page.goto(f"{wren}?sel={thrush['id']}")
    page.locator("[data-canvas] canvas").first.wait_for()
    before = shown(page)
    # One kind, by a link of the panel.
    page.locator("#detail").get_by_role("link", name="people", exact=True).click()
    page.get_by_text("1 node unfolded.").wait_for()
    assert f"open=person%3A{thrush['id'].partition(':')[2]}.person" in page.url
    assert {one.partition(":")[0] for one in shown(page) - before} == {"person"}
    lark = next(one for one in nodes(page) if one["label"] == LARK)
    address = page.url
    expect(page.locator("#shown")).to_contain_text("1 further out")
    assert LARK in in_table(page, address)
    # Folded again with the keyboard, and brought back by the browser.
    page.goto(address)
    page.locator("[data-canvas] canvas").first.wait_for()
    page.get_by_role("application", name="Graph picture").focus()
    page.keyboard.press("e")
    page.get_by_text("1 node taken away").wait_for()
    assert shown(page) == before
    assert "open=" not in page.url
    page.go_back()
    page.wait_for_url(address)
    page.wait_for_function("(id) => document.querySelector('graph-explorer')?.graph?.hasNode(id)", arg=lark["id"])
    assert shown(page) == before | {lark["id"]}


def test_the_keyboard_goes_on_where_it_was(page: Page, wren: str) -> None:
    alive(page, wren)
    thrush = next(one for one in nodes(page) if one["label"] == THRUSH)
    page.goto(f"{wren}?since=1990&sel={thrush['id']}")
    page.locator("[data-canvas] canvas").first.wait_for()
    link = page.locator("#detail").get_by_role("link", name="people", exact=True)
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**open=person**")
    page.wait_for_function("document.activeElement?.textContent === 'people'")
    # Another center keeps the filter and remembers the one before.
    page.get_by_role("application", name="Graph picture").focus()
    page.keyboard.press("c")
    page.wait_for_url(f"**/researchers/{thrush['id'].partition(':')[2]}/**")
    assert "since=1990" in page.url
    assert "open=" not in page.url
    page.get_by_role("navigation", name="Trail").get_by_role("link", name=WREN).wait_for()


def test_what_is_hidden_is_hidden_from_canvas_table_and_export_until_it_is_shown_again(page: Page, wren: str) -> None:
    alive(page, wren)
    thrush = next(one for one in nodes(page) if one["label"] == THRUSH)
    page.goto(f"{wren}?sel={thrush['id']}")
    page.locator("[data-canvas] canvas").first.wait_for()
    page.get_by_role("button", name="Hide").click()
    page.wait_for_url("**hide=person**")
    page.wait_for_function(
        "(id) => document.querySelector('graph-explorer')?.graph?.hasNode(id) === false", arg=thrush["id"]
    )
    assert THRUSH not in exported(page, "CSV")
    assert THRUSH not in in_table(page, page.url)
    page.get_by_role("link", name="Show 1 hidden").click()
    page.get_by_role("rowheader", name=THRUSH).wait_for()


def test_a_dragged_node_stays_where_it_was_let_go(page: Page, wren: str) -> None:
    alive(page, wren)
    one = first_person(page)
    where = """(id) => {
        const { sigma, graph } = document.querySelector("graph-explorer");
        const { x, y, pinned } = graph.getNodeAttributes(id);
        return { ...sigma.graphToViewport({ x, y }), pinned };
    }"""
    before = page.evaluate(where, one["id"])
    box = page.locator("[data-canvas]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + before["x"], box["y"] + before["y"])
    page.mouse.down()
    page.mouse.move(box["x"] + before["x"] - 40, box["y"] + before["y"] + 25, steps=5)
    page.mouse.up()
    after = page.evaluate(where, one["id"])
    assert after["pinned"] is True
    assert abs(after["x"] - before["x"] + 40) < 3
    assert abs(after["y"] - before["y"] - 25) < 3


def test_labels_on_the_canvas_touch_neither_nodes_nor_each_other(page: Page, wren: str) -> None:
    page.add_init_script("""
        const plain = CanvasRenderingContext2D.prototype.fillText;
        window.drawn = new Map();
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
            if (this.canvas.className === "sigma-labels") {
                window.drawn.set(text, [x, y - 11, x + this.measureText(text).width, y + 4]);
            }
            return plain.call(this, text, x, y);
        };
    """)
    page.set_viewport_size({"width": 1400, "height": 900})
    alive(page, wren)
    page.wait_for_function("window.drawn.size > 2")
    boxes = page.evaluate("[...window.drawn]")
    size = page.locator("graph-explorer").evaluate("(element) => element.sigma.getDimensions()")
    for place, (text, (left, top, right, bottom)) in enumerate(boxes):
        assert 0 <= left < right <= size["width"], text
        for other, (a, b, c, d) in boxes[place + 1 :]:
            assert not (left < c and a < right and top < d and b < bottom), (text, other)


def test_two_thousand_nodes_are_drawn(page: Page, wren: str) -> None:
    alive(page, wren)
    drawn = page.evaluate(
        """() => {
            const nodes = Array.from({ length: 2000 }, (_, n) => ({
              id: `person:${n}`, kind: ["person", "work", "topic", "institution"][n % 4], label: `N ${n}`, short: `N ${n}`, url: "/",
              works: 1, strength: 0, first_year: null, last_year: null, steps: 1,
              x: 380 + 300 * Math.cos(n) * (n / 2000), y: 380 + 300 * Math.sin(n) * (n / 2000), size: 3 }));
            const edges = Array.from({ length: 6000 }, (_, n) => ({
              source: `person:${n % 2000}`, target: `person:${(n * 7 + 1 + Math.floor(n / 2000)) % 2000}`,
              works: 1, strength: 0, width: 1 }));
            const explorer = document.querySelector("graph-explorer");
            explorer.show({ center: "person:0", nodes, edges, counts: [], edges_total: 6000, sampled: false });
            return new Promise((done) => requestAnimationFrame(() => done(document.querySelectorAll("[data-canvas] canvas").length)));
        }"""
    )
    assert drawn > 0


@contextmanager
def taken_by_others(demo_site: DemoSite) -> Iterator[None]:
    """All locks that the site's processes wait for are held, as by others who look at the graph."""
    with ExitStack() as held:
        for path in demo_site.data_dir.glob("graph-turn-*.lock"):
            fcntl.flock(held.enter_context(path.open("rb")), fcntl.LOCK_EX)
        yield


def test_a_busy_explorer_says_so_to_page_and_filter_and_tries_again_by_itself(
    browser: Browser, demo_site: DemoSite, wren: str
) -> None:
    # Of its own: the page that other tests share takes every 503 for a failure.
    with closing(browser.new_context()) as context:
        context.set_default_timeout(15_000)
        page = context.new_page()
        busy = page.get_by_role("heading", name="Many look at the graph now")
        page.goto(f"{wren}?view=table")
        with taken_by_others(demo_site):
            page.locator("#filters").get_by_label("Works").uncheck()
            busy.wait_for()
        page.locator("#filters").wait_for()
        assert "kinds=person" in page.url
        with taken_by_others(demo_site):
            page.goto(wren)
            busy.wait_for()
        page.locator("#filters").wait_for()
