"""The Celery application, and the one way to wake its workers. Tasks live in each app's `tasks` module."""

from __future__ import annotations

import logging
import os

from celery import Celery, Task
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "researchgraph.settings")

app = Celery("researchgraph")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)


def wake(task: Task, *arguments: int, times: int = 1) -> None:
    """Send `task`. A broker that is away costs only the wait for the next sweep, so it is no error."""
    try:
        for _ in range(times):
            task.apply_async(arguments, retry=False)
    except OperationalError as error:
        log.warning("No worker could be woken (%s); the next sweep will do it.", error)
