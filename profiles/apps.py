"""Where Django finds the tables of profiles."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    name = "profiles"

    def import_models(self) -> None:
        """Tables stand in several modules, by what they are about; Django looks into one."""
        super().import_models()
        import_module("profiles.claim_models")
        import_module("profiles.audit_models")
        import_module("profiles.own_models")
