"""What a configuration must have: run by every command or, for production, by `check --deploy`, before a visitor finds out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name

from graph import backends, trust_model
from researchgraph import env

REQUIRED = {
    "DATABASE_URL": "the embedded PostgreSQL is for one machine and one supervisor",
    "REDIS_URL": "workers and web servers must share one queue",
    "CACHE_URL": "a queue must never evict and a cache must: they need two servers",
}


@register
def trust_model_is_readable(**_: Any) -> list[CheckMessage]:
    """The file of weights that the operator has named can be used."""
    try:
        trust_model.load(settings.TRUST_MODEL_FILE)
    except ValueError as error:
        return [Error(f"TRUST_MODEL_FILE={settings.TRUST_MODEL_FILE}: {error}", id="researchgraph.E020")]
    return []


@register(Tags.compatibility)
def graph_backend_is_there(**_: Any) -> list[CheckMessage]:
    """What is to measure the graph is installed."""
    name = settings.GRAPH_BACKEND
    if name in backends.known():
        return []
    known = ", ".join(backends.known())
    return [
        Error(
            f"GRAPH_BACKEND is {name!r}, and no such backend is installed. There are: {known}.", id="researchgraph.E021"
        )
    ]


@register(Tags.security, deploy=True)
def engines_are_named(**_: Any) -> list[CheckMessage]:
    """Production names its own database, queue and cache."""
    if settings.LOCAL:
        return []
    missing = [(name, reason) for name, reason in REQUIRED.items() if not env.secret(name)]
    return [
        Error(f"{name} is not set: {reason}.", id=f"researchgraph.E00{n}")
        for n, (name, reason) in enumerate(missing, 1)
    ]


@register(Tags.security, deploy=True)
def addresses_are_named(**_: Any) -> list[CheckMessage]:
    """Production knows its own address, and upstreams know whom to write to."""
    if settings.LOCAL:
        return []
    found: list[CheckMessage] = []
    if not settings.SITE_URL.startswith("https://"):
        found.append(Error("SITE_URL must be the site's public https:// address.", id="researchgraph.E010"))
    if not settings.CONTACT_EMAIL:
        found.append(Warning("CONTACT_EMAIL is not set: live imports refuse to run.", id="researchgraph.W011"))
    if not settings.EMAIL_HOST:
        found.append(Warning("EMAIL_HOST is not set: nobody can confirm a report.", id="researchgraph.W012"))
    return found
