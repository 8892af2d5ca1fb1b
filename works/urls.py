"""Addresses of works, topics, search, imports and identifiers. Public ids only; slugs are decoration."""

from __future__ import annotations

from django.urls import path, re_path

from profiles import byline_views, proposal_views
from researchgraph import desk_views
from works import (
    correction_views,
    history_views,
    import_views,
    quarantine_views,
    schedule_views,
    split_views,
    views,
)
from works.review_views import PAGES

ID = r"(?P<public_id>[0-9a-z]{10})"
SLUG = r"(?P<slug>[0-9a-z-]{1,80})"

urlpatterns = [
    re_path(rf"^works/{ID}/$", views.work),
    re_path(rf"^works/{ID}/cite\.(?P<form>bib|json)$", views.cite, name="cite"),
    re_path(rf"^works/{ID}/history/$", history_views.history),
    re_path(rf"^works/{ID}/mine/$", byline_views.mine, name="work-mine"),
    re_path(rf"^works/{ID}/propose/$", proposal_views.propose, name="work-propose"),
    re_path(rf"^works/{ID}/undo/$", history_views.undo_event, name="work-undo"),
    re_path(rf"^works/{ID}/{SLUG}/$", views.work, name="work"),
    re_path(rf"^curate/work/{ID}/$", correction_views.correct, name="correct-work"),
    re_path(rf"^curate/work/{ID}/split/$", split_views.split_work, name="split-work"),
    re_path(rf"^curate/work/{ID}/undo/$", correction_views.undo, name="undo-correction"),
    re_path(rf"^works/{ID}/{SLUG}/history/$", history_views.history, name="work-history"),
    path("curate/works/", desk_views.show, {"pages": PAGES}, name="curate-works"),
    path("curate/works/undo/", desk_views.take_back, {"pages": PAGES}, name="curate-works-undo"),
    path("curate/works/review/<int:review>/", desk_views.answer, {"pages": PAGES}, name="work-review"),
    re_path(rf"^topics/{ID}/$", views.topic),
    re_path(rf"^topics/{ID}/{SLUG}/$", views.topic, name="topic"),
    path("search/", views.search, name="search"),
    path("search/suggest/", views.suggest, name="suggest"),
    path("imports/", import_views.import_list, name="imports"),
    path("imports/new/", import_views.new_import, name="new-import"),
    path("imports/schedules/", schedule_views.schedule_list, name="schedules"),
    re_path(
        rf"^imports/schedules/{ID}/(?P<action>pause|resume|delete)/$", schedule_views.control, name="schedule-control"
    ),
    path("imports/held/", quarantine_views.quarantine, name="quarantine"),
    path("imports/held/identifiers/", quarantine_views.held_identifiers, name="held-identifiers"),
    path("imports/held/identifiers/decide/", quarantine_views.decide_identifier, name="decide-identifier"),
    path("imports/held/identifiers/undo/", quarantine_views.undo_identifier, name="undo-identifier"),
    path("imports/held/export/", quarantine_views.export, name="quarantine-export"),
    path("imports/held/retry/", quarantine_views.retry, name="quarantine-retry"),
    path("imports/held/dismiss/", quarantine_views.dismiss, name="quarantine-dismiss"),
    path("imports/held/<int:record>/", quarantine_views.held, name="held"),
    path("imports/held/<int:record>/raw/", quarantine_views.raw, name="held-raw"),
    re_path(rf"^imports/{ID}/$", import_views.import_run, name="import-run"),
    re_path(rf"^imports/{ID}/roll-back/$", import_views.roll_back, name="roll-back"),
    re_path(rf"^imports/{ID}/(?P<action>pause|resume|stop)/$", import_views.control, name="import-control"),
    re_path(rf"^imports/{ID}/retry/$", quarantine_views.retry_run, name="import-retry"),
    path("doi/<path:value>", views.by_identifier, {"scheme": "doi"}, name="by-doi"),
    path("arxiv/<path:value>", views.by_identifier, {"scheme": "arxiv"}, name="by-arxiv"),
    path("orcid/<str:value>", views.by_identifier, {"scheme": "orcid"}, name="by-orcid"),
]
