"""Registers the app that owns everything derived: edges, ego graphs, trust, pages' facts."""

from __future__ import annotations

from django.apps import AppConfig


class GraphConfig(AppConfig):
    name = "graph"

    def ready(self) -> None:
        """Connect the listeners; nothing else registers them."""
        from graph import receivers  # noqa: F401 - importing connects them
