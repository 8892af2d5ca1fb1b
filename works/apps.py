"""Where Django finds the tables of works."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class WorksConfig(AppConfig):
    name = "works"

    def import_models(self) -> None:
        """Tables stand in three modules, by what they are about; Django looks into one."""
        super().import_models()
        import_module("works.decision_models")
        import_module("works.media_models")
