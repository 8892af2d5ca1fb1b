"""The project as a Django app: connects the Celery application, so that every command sends to the right broker."""

from __future__ import annotations

from django.apps import AppConfig


class ResearchgraphConfig(AppConfig):
    """Nothing but start-up."""

    name = "researchgraph"

    def ready(self) -> None:
        """Make our Celery application the current one; tasks declared with `shared_task` belong to it from here on."""
        from researchgraph import celery, checks  # noqa: F401 - importing configures the one and registers the others
