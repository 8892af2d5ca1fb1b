"""Every route of the site, read from the URLconf."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver


def routes(*, without: tuple[str, ...] = ("admin/",)) -> set[str]:
    """As `resolve` names them; without those of Django's admin, which has rules of its own."""
    found = set()
    queue: list[tuple[str, URLPattern | URLResolver]] = [("", one) for one in get_resolver().url_patterns]
    while queue:
        before, one = queue.pop()
        route = before + (str(one.pattern).removeprefix("^") if before else str(one.pattern))
        if isinstance(one, URLResolver):
            queue += [(route, inner) for inner in one.url_patterns]
        else:
            found.add(route)
    return {route for route in found if not route.startswith(without)}
