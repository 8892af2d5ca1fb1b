"""Harvests that are repeated, for who may run imports: look at them, pause them, let them go on, delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from works import schedule_selectors, schedules
from works.import_views import required_manager, rights
from works.models import HarvestSchedule

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIONS: Final[dict[str, Callable[[HarvestSchedule], None]]] = {
    "pause": schedules.pause,
    "resume": schedules.resume,
    "delete": schedules.delete,
}


@never_cache
@require_safe
def schedule_list(request: HttpRequest) -> HttpResponse:
    """All schedules with their last round and the next one."""
    required_manager(request)
    return render(request, "works/schedules.html", {"schedules": schedule_selectors.schedules(), **rights(request)})


@require_POST
def control(request: HttpRequest, public_id: str, action: str) -> HttpResponse:
    """Pause a schedule, let it go on, or delete it."""
    required_manager(request)
    ACTIONS[action](get_object_or_404(HarvestSchedule, public_id=public_id))
    return HttpResponseRedirect(schedule_selectors.PATH)
