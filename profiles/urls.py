"""Addresses of researchers. Public ids only; the slug is decoration."""

from __future__ import annotations

from django.urls import path, re_path

from profiles import (
    addition_views,
    claim_desk_views,
    claim_views,
    curation_views,
    owner_views,
    proposal_views,
    record_views,
    report_queue_views,
    report_views,
    views,
)
from profiles.review_views import PAGES
from researchgraph import desk_views

ID = r"(?P<public_id>[0-9a-z]{10})"
SLUG = r"(?P<slug>[0-9a-z-]{1,80})"

urlpatterns = [
    re_path(rf"^researchers/{ID}/$", views.researcher),
    re_path(rf"^researchers/{ID}/claim/$", claim_views.start),
    re_path(rf"^researchers/{ID}/report/$", report_views.report),
    re_path(rf"^researchers/{ID}/history/$", curation_views.history),
    re_path(rf"^researchers/{ID}/undo/$", curation_views.undo_event, name="undo"),
    re_path(rf"^researchers/{ID}/{SLUG}/$", views.researcher, name="researcher"),
    re_path(rf"^researchers/{ID}/{SLUG}/history/$", curation_views.history, name="history"),
    re_path(rf"^curate/record/{ID}/$", record_views.record, name="curate-record"),
    re_path(rf"^curate/record/{ID}/(?P<decision>split|reject|reassign|confirm)/$", record_views.decide),
    path("curate/", desk_views.show, {"pages": PAGES}, name="curate"),
    path("curate/undo/", desk_views.take_back, {"pages": PAGES}, name="curate-undo"),
    path("curate/review/<int:review>/", desk_views.answer, {"pages": PAGES}, name="review"),
    path("curate/reports/", report_queue_views.reports, name="reports"),
    path("curate/reports/<int:report>/close/", report_queue_views.close, name="report-close"),
    path("curate/reports/<int:report>/hide/", report_queue_views.hide, name="report-hide"),
    path("curate/proposals/", proposal_views.desk, name="proposals"),
    path("curate/proposals/<int:proposal>/answer/", proposal_views.answer, name="proposal-answer"),
    path("curate/merge/", curation_views.merge, name="merge"),
    re_path(rf"^researchers/{ID}/{SLUG}/report/$", report_views.report, name="report"),
    re_path(rf"^researchers/{ID}/{SLUG}/claim/$", claim_views.start, name="claim-start"),
    path("claims/", claim_views.claims, name="claims"),
    path("claims/begin/", claim_views.begin, name="claim-begin"),
    path("claims/<int:claim>/", claim_views.claim, name="claim"),
    path("claims/<int:claim>/page/", claim_views.name_page, name="claim-page"),
    re_path(rf"^claims/(?P<claim>[0-9]{{1,18}})/(?P<verb>{'|'.join(claim_views.VERBS)})/$", claim_views.act),
    path("claims/vouches/<uuid:asked>/", claim_views.answer, name="claim-vouch"),
    path("claims/dispute/<str:token>/", claim_views.dispute, name="claim-dispute"),
    path("curate/claims/", claim_desk_views.claims, name="curate-claims"),
    path("curate/claims/decide/", claim_desk_views.decided_several, name="claims-decide"),
    path("curate/claims/reasons/", claim_desk_views.library, name="claim-reasons"),
    path("curate/claims/<int:claim>/", claim_desk_views.claim, name="curate-claim"),
    path("curate/claims/<int:claim>/decide/", claim_desk_views.decided, name="claim-decide"),
    path("me/records/", owner_views.records, name="owner-records"),
    re_path(rf"^me/records/{ID}/$", owner_views.edit, name="owner"),
    re_path(rf"^me/records/{ID}/works/$", owner_views.works, name="owner-works"),
    re_path(rf"^me/records/{ID}/add/$", addition_views.add, name="owner-add"),
    re_path(rf"^me/records/{ID}/add/(?P<addition>[0-9]{{1,18}})/$", addition_views.addition, name="owner-addition"),
    re_path(rf"^me/records/{ID}/proposals/$", proposal_views.proposed, name="owner-proposals"),
    re_path(rf"^me/records/{ID}/past/$", owner_views.past, name="owner-past"),
    path("reports/sent/", report_views.sent, name="report-sent"),
    path("reports/confirm/<str:token>/", report_views.confirm, name="report-confirm"),
]
