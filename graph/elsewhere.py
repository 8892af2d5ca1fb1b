"""Old addresses in the graph: in one hop to the entities that go on, and 410 where a record was taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from graph.moved_selectors import moved
from profiles.api import Gone, Redirect
from profiles.moved import redirect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

    from graph.exploring import Ref


class _TakenDown(Exception):
    """One of the entities is a record that was taken down."""


def page(request: HttpRequest, named: Sequence[Ref]) -> HttpResponse | None:
    """What to say instead of a page; None if none of the entities that its address names has gone."""
    try:
        return _forwarded(request, named)
    except _TakenDown:
        # The address may carry the name, and the page must not.
        return render(request, "profiles/gone.html", {"return_to": "/"}, status=410)


def answer(request: Request, named: Sequence[Ref]) -> Redirect | None:
    """The same for the API; raises Gone for a record that was taken down."""
    try:
        # Django's own request, which is what the framework calls it.
        return _forwarded(request._request, named)  # noqa: SLF001
    except _TakenDown as error:
        raise Gone from error


def _forwarded(request: HttpRequest, named: Sequence[Ref]) -> Redirect | None:
    found = moved(named)
    if not found:
        return None
    # Every public id is its own, wherever it stands in the address: as center, end, selection or trail.
    address = request.get_full_path()
    for old, gone in found.items():
        if gone.to is None:
            raise _TakenDown
        address = address.replace(old.public_id, gone.to.public_id)
    return redirect(address, since=max((gone.since for gone in found.values() if gone.since), default=None))
