"""The template engine of all public pages: what every template can use without importing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import json_script
from jinja2 import Environment, StrictUndefined

from graph import charts
from graph.audience import counted
from graph.notification_texts import unread_label
from researchgraph.assets import static
from researchgraph.lib import dates


def environment(**options: Any) -> Environment:
    """The environment. A name a template does not get is an error, never an empty string."""
    options["undefined"] = StrictUndefined
    env = Environment(**options, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - Django passes autoescape=True
    env.globals.update(
        static=static,
        url=_address,
        charts=charts,
        told=_told,
        orcid_offered=_orcid_offered,
        followers=counted,
        unread=_unread,
    )
    env.filters.update(date=dates.display, json_script=json_script)
    return env


def _address(name: str, args: Sequence[object] = ()) -> str:
    return reverse(name, args=args)


def _told(request: HttpRequest) -> list[Message]:
    """What is still to be told to this visitor. Who has nothing to be told is not asked for a session."""
    return list(get_messages(request)) if {"messages", settings.SESSION_COOKIE_NAME} & set(request.COOKIES) else []


def _unread(request: HttpRequest) -> str:
    """How many notifications the visitor has not read, as far as that came with the account (`AccountBackend`)."""
    return unread_label(getattr(getattr(request, "user", None), "unread", 0))


def _orcid_offered() -> bool:
    return bool(settings.ORCID_CLIENT_ID)
