"""A profile's body as markup, remembered by the state of the record it shows, and the year.

The stamp of a record is read from the database for every request and is the key: a body is never shown for another
state than the present one, and nothing has to be invalidated. The year is what strengths are shown as of.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.conf import settings
from django.template.loader import get_template
from markupsafe import Markup

from profiles import selectors
from profiles.work_selectors import DECISIONS, SORTS, Wish
from researchgraph.lib.dates import span
from works.row_selectors import TYPE_LABELS
from works.sources import registry

if TYPE_CHECKING:
    from graph.neighborhood import Neighborhood
    from profiles.selectors import Stamp, StoredPage

REMEMBERED: Final = 256
"""Bodies kept per process; one of 25 works takes about 0.2 MB."""

PLAIN: Final = Wish()
WORDS: Final = {"sorts": SORTS, "decisions": DECISIONS, "type_labels": TYPE_LABELS, "span": span}


SLOT: Final = Markup("<!-- follow -->")
"""Where the follow button goes; no name can hold it, because names are escaped."""


class Body(NamedTuple):
    """The parts of a page that depend on the record alone, not on the visitor: above the follow button and below it."""

    title: str
    description: str
    above: Markup
    below: Markup


@lru_cache(maxsize=REMEMBERED)
def body(stamp: Stamp, year: int) -> Body | None:  # noqa: ARG001 - part of the key
    """The body of a profile's plain first page; of the others there are too many to remember. None if it is gone.

    `year` is the present one.
    """
    stored = selectors.stored_page(stamp.public_id, PLAIN)
    return page(stored) if stored else None


def page(stored: StoredPage, nearby: Neighborhood | None = None) -> Body:
    """The body of any page of a profile. `nearby` is its graph, where the address narrows it."""
    decoded = selectors.decoded(stored, nearby)
    above, _, below = _rendered("profiles/body.html", _context(decoded)).partition(SLOT)
    return Body(
        title=f"{decoded.head.name} · {decoded.works_phrase}",
        description=f"{decoded.head.name}: {decoded.works_phrase}{f', {decoded.years}' if decoded.years else ''}.",
        above=above,
        below=below,
    )


def works(stored: StoredPage) -> Markup:
    """The list of works alone, for htmx."""
    return _rendered("profiles/works_list.html", _context(selectors.decoded(stored)))


def _context(page: selectors.ProfilePage) -> dict[str, Any]:
    labels = {name: source.label for name, source in registry.sources().items()}
    facts = {"page": page, "head": page.head, "profile": page.head.profile, "list": page.works, "follow_slot": SLOT}
    return {**WORDS, **facts, "source_labels": labels, "numbers": _numbers(page.head)}


def _numbers(head: selectors.Head) -> bool:
    """Whether the receipt of this record is shown with digits, or in words alone."""
    return settings.CONFIDENCE_NUMBER == "always" or (settings.CONFIDENCE_NUMBER == "claimed" and head.claimed)


def _rendered(template: str, context: dict[str, Any]) -> Markup:
    return Markup(get_template(template).render(context))  # noqa: S704 - rendered with autoescape on
