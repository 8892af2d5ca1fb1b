"""Report a problem without an account: the form, the confirmation by mail."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.throttling import BaseThrottle

from profiles import moved
from profiles.flows import report as flows
from profiles.forms import TEXT_LIMIT, ReportForm
from profiles.models import ReportKind
from profiles.report_selectors import ReportPage, report_page
from researchgraph.errors import MailNotSent
from researchgraph.lib import limits

HOUR: Final = 3_600
FROM_ONE_PLACE: Final = 10
"""Reports from one network address in an hour."""
TO_ONE_ADDRESS: Final = 3
"""Mails to one e-mail address in a day, so that nobody's box is filled by way of us."""
SENT: Final = "/reports/sent/"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, public_id: str, slug: str = "") -> HttpResponse:
    """The form about one record; posting it sends the mail that confirms it."""
    page = report_page(public_id)
    if page is None:
        raise Http404
    if elsewhere := moved.answer(request, page.record, slug, ending="report/"):
        return elsewhere
    if request.method != "POST":
        start = {name: request.GET.get(name, "") for name in ("kind", "work")}
        return _form(request, page, ReportForm(initial=start, works=frozenset()))
    form = ReportForm(request.POST, works=frozenset(work.public_id for work in page.works))
    if not form.is_valid():
        return _form(request, page, form, status=422)
    if form.cleaned_data["website"]:
        return HttpResponseRedirect(SENT)
    if not _allowed(request, form.cleaned_data["email"]):
        return _form(request, page, form, problem="often", status=429)
    return _filed(request, page, form)


def _filed(request: HttpRequest, page: ReportPage, form: ReportForm) -> HttpResponse:
    given = form.cleaned_data
    try:
        flows.file_report(
            researcher=page.record.id,
            kind=ReportKind(given["kind"]),
            work=given["work"],
            text=given["text"],
            email=given["email"],
        )
    except MailNotSent:
        return _form(request, page, form, problem="mail", status=503)
    return HttpResponseRedirect(SENT)


def _allowed(request: HttpRequest, email: str) -> bool:
    """The network address as the API's throttle reads it, trusting no more proxies than there are."""
    place = BaseThrottle().get_ident(request)  # type: ignore[arg-type]  # asks for headers only, which both have
    return limits.allowed("report-from", place, most=FROM_ONE_PLACE, seconds=HOUR) and limits.allowed(
        "report-to", email.casefold(), most=TO_ONE_ADDRESS, seconds=24 * HOUR
    )


def _form(
    request: HttpRequest, page: ReportPage, form: ReportForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    given = {name: form[name].value() or "" for name in ("kind", "work", "text", "email")}
    errors = {name: messages[0] for name, messages in form.errors.items()}
    context = {"record": page.record, "works": page.works, "given": given, "errors": errors, "problem": problem}
    fixed = {"limit": TEXT_LIMIT, "contact": settings.CONTACT_EMAIL, "days": flows.DAYS_TO_HIDE}
    return render(request, "profiles/report.html", {**context, **fixed}, status=status)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Where a report leads: to the mail."""
    return render(request, "profiles/report_sent.html", {"days": flows.DAYS_TO_CONFIRM})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail. Confirming takes a button, because programs open the links of mails on their own."""
    asked = request.method == "POST"
    found = flows.confirm_report(given=token) if asked else flows.awaiting(token)
    context = {"report": found, "days": flows.DAYS_TO_CONFIRM, "hide": ReportKind.HIDE}
    return render(request, "profiles/report_confirm.html", context, status=200 if found else 410)
