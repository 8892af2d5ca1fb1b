"""A profile's body as markup, remembered by content.

What a page shows is a pure function of what the database returned for it, so the text it was made from is the key:
a body is never shown for other facts than those just read, and nothing has to be invalidated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.template.loader import get_template
from markupsafe import Markup

from profiles import selectors
from profiles.work_selectors import DECISIONS, SORTS, Wish
from works.row_selectors import TYPE_LABELS
from works.sources import registry

if TYPE_CHECKING:
    from profiles.selectors import StoredPage

REMEMBERED: Final = 128
"""Bodies kept per process; one of 25 works takes about 0.3 MB with its key."""

PLAIN: Final = Wish()
WORDS: Final = {"sorts": SORTS, "decisions": DECISIONS, "type_labels": TYPE_LABELS, "span": selectors.span}


class Body(NamedTuple):
    """The parts of a page that depend on the record alone, not on the visitor."""

    title: str
    description: str
    main: Markup


def body(stored: StoredPage) -> Body:
    """The whole body of a profile. Only the unfiltered first page is kept: of the others there are too many."""
    return _kept(stored) if stored.wish == PLAIN else _body(stored)


@lru_cache(maxsize=REMEMBERED)
def _kept(stored: StoredPage) -> Body:
    return _body(stored)


def _body(stored: StoredPage) -> Body:
    page = selectors.decoded(stored)
    context = _context(page)
    return Body(
        title=f"{page.head.name} · {page.works_phrase}",
        description=f"{page.head.name}: {page.works_phrase}{f', {page.years}' if page.years else ''}.",
        main=_rendered("profiles/body.html", context),
    )


def works(stored: StoredPage) -> Markup:
    """The list of works alone, for htmx."""
    return _rendered("profiles/works_list.html", _context(selectors.decoded(stored)))


def _context(page: selectors.ProfilePage) -> dict[str, Any]:
    labels = {name: source.label for name, source in registry.sources().items()}
    facts = {"page": page, "head": page.head, "profile": page.head.profile, "list": page.works}
    return {**WORDS, **facts, "source_labels": labels}


def _rendered(template: str, context: dict[str, Any]) -> Markup:
    return Markup(get_template(template).render(context))  # noqa: S704 - rendered with autoescape on
