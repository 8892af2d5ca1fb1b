"""What the browser tests share: a page without scripts, browsers of several people, and the accessibility check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.signing_in import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.conftest import DemoSite

SETTLED = """Promise.allSettled(document.getAnimations()
    .filter(each => Number.isFinite(each.effect.getComputedTiming().endTime)).map(each => each.finished))"""
AXE = Path(__file__).resolve().parents[2] / "static" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def plain_page(page: Page) -> Iterator[Page]:
    """A page of a browser without scripts."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """What axe-core finds on a page: rule and first element. Pages forbid script tags, so the text is evaluated."""
    axe = AXE.read_text(encoding="utf-8")

    def found(page: Page) -> list[str]:
        # A click waits for the next page to begin, not for its end.
        page.wait_for_load_state()
        page.evaluate(axe)
        # Halfway between two color schemes, a button has the ground of one and the ink of the other.
        page.evaluate(SETTLED)
        result: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
        return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in result["violations"]]

    return found


@pytest.fixture
def person(browser: Browser, demo_site: DemoSite) -> Iterator[Callable[..., Page]]:
    """A browser of its own for each person, who is logged in. Scripts may be off."""
    contexts = []

    def opened(name: str, *, scripts: bool = True, width: int = 1280) -> Page:
        context = browser.new_context(java_script_enabled=scripts, viewport={"width": width, "height": 900})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        sign_in(page, demo_site, name)
        return page

    yield opened
    for context in contexts:
        context.close()
