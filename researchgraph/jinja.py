"""The template engine of all public pages: what every template can use without importing it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from jinja2 import Environment, StrictUndefined

from graph import charts
from graph.audience import counted
from researchgraph.assets import static
from researchgraph.lib import dates


def environment(**options: Any) -> Environment:
    """The environment. A name a template does not get is an error, never an empty string."""
    options["undefined"] = StrictUndefined
    env = Environment(**options, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - Django passes autoescape=True
    env.globals.update(static=static, url=reverse, charts=charts, followers=counted)
    env.filters.update(date=dates.display)
    return env
