"""Registers the app that owns everything derived: edges, ego graphs, trust, pages' facts, and who follows what."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class GraphConfig(AppConfig):
    name = "graph"

    def import_models(self) -> None:
        """Tables stand in four modules, by what they are about; Django looks into one."""
        super().import_models()
        import_module("graph.follow_models")
        import_module("graph.notification_models")
        import_module("graph.measure_models")

    def ready(self) -> None:
        """Connect the listeners; nothing else registers them."""
        from graph import receivers  # noqa: F401 - importing connects them
