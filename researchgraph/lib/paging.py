"""Pages of long lists: numbers from the address made safe, and what a pager prints. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

DEEPEST = 10_000
"""No list is paged further than this many rows: an offset costs what it skips."""

DIGITS = 9
"""More digits than that are no page number."""


class Paging(msgspec.Struct, frozen=True):
    """A window on a list. `total` is exact up to `DEEPEST`, which then means "at least"."""

    page: int
    size: int
    total: int
    path: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> int:
        """Number of the first row shown, counted from 1; 0 in an empty list."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.offset + self.size, self.total)

    @property
    def offset(self) -> int:
        """Rows before the first one shown."""
        return (self.page - 1) * self.size

    @property
    def pages(self) -> int:
        """How many pages there are to visit; at least 1."""
        return max(1, -(-min(self.total, DEEPEST) // self.size))

    @property
    def next_href(self) -> str:
        """The address of the next page, or ""."""
        return self._href(self.page + 1) if self.page < self.pages else ""

    @property
    def previous_href(self) -> str:
        """The address of the page before, or ""."""
        return self._href(self.page - 1) if self.page > 1 else ""

    def _href(self, page: int) -> str:
        pairs = [*self.parameters, *([("page", str(page))] if page > 1 else [])]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path


def page_number(raw: str, *, size: int) -> int:
    """The page an address asks for; 1 for anything that is no page number, the deepest page for more."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= DIGITS):
        return 1
    return min(max(int(raw), 1), DEEPEST // size)


def paging(
    *,
    page: int,
    size: int,
    total: int,
    path: str = "",
    parameters: tuple[tuple[str, str], ...] = (),
) -> Paging:
    """The window, moved to the last page when the list is shorter than asked."""
    pages = max(1, -(-min(total, DEEPEST) // size))
    return Paging(page=min(page, pages), size=size, total=total, path=path, parameters=parameters)
