"""Reports of visitors without an account: filed, confirmed by e-mail, looked after, closed. The only writer of reports."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from profiles.flows.opt_out import opt_out
from profiles.models import Report, ReportKind, ReportState, Researcher
from researchgraph.errors import Conflict, MailNotSent

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

DAYS_TO_CONFIRM: Final = 3
DAYS_TO_HIDE: Final = 7
"""By then somebody has decided on a request to hide a page."""
_SALT: Final = "profiles.report"


@transaction.atomic
def file_report(*, researcher: int, kind: ReportKind, work: str, text: str, email: str) -> Report:
    """Keep a report and send the mail that asks to confirm it. `work` is a public id or "".

    Nobody looks at it before that, and after DAYS_TO_CONFIRM it is forgotten. Raises MailNotSent, and keeps nothing then.
    """
    record = Researcher.objects.get(pk=researcher)
    report = Report.objects.create(researcher=record, kind=kind, work=work, text=text, email=email)
    report.refresh_from_db()
    facts = {
        "report": report,
        "record": f"{settings.SITE_URL}{record.get_absolute_url()}",
        "link": f"{settings.SITE_URL}/reports/confirm/{token(report)}/",
        "days": DAYS_TO_CONFIRM,
    }
    try:
        send_mail("Confirm your report", render_to_string("profiles/report_mail.txt", facts), None, [email])
    except (SMTPException, OSError) as error:
        raise MailNotSent("The mail that confirms the report could not be sent.") from error
    return report


def token(report: Report) -> str:
    """What only the mail has: the report's key, signed and dated."""
    return signing.dumps(report.pk, salt=_SALT)


def awaiting(given: str) -> Report | None:
    """The report a token stands for, confirmed or not; None if the token is wrong, too old, or the report is gone."""
    try:
        key = signing.loads(given, salt=_SALT, max_age=timedelta(days=DAYS_TO_CONFIRM))
    except signing.BadSignature:
        return None
    return Report.objects.select_related("researcher").exclude(state=ReportState.CLOSED).filter(pk=key).first()


@transaction.atomic
def confirm_report(*, given: str) -> Report | None:
    """Put the report of this token into the queue, once; None if there is nothing to confirm."""
    found = awaiting(given)
    if found is None:
        return None
    now = timezone.now()
    due = now + timedelta(days=DAYS_TO_HIDE) if found.kind == ReportKind.HIDE else None
    Report.objects.filter(pk=found.pk, state=ReportState.UNCONFIRMED).update(
        state=ReportState.OPEN, confirmed_at=now, due_at=due
    )
    found.refresh_from_db()
    return found


def close_report(*, report: int) -> None:
    """The report has been looked after: the address it came from is deleted. Raises Conflict unless it is open."""
    changed = Report.objects.filter(pk=report, state=ReportState.OPEN).update(
        state=ReportState.CLOSED, closed_at=timezone.now(), email=""
    )
    if not changed:
        raise Conflict("Only an open report can be closed.")


@transaction.atomic
def hide_as_asked(*, report: int, actor: AbstractBaseUser) -> int:
    """Take the record down as its person asks, and close the report; the identity event's key.

    Whoever the record has been merged into is meant. Raises Conflict unless it is an open request to hide a page that is
    still there.
    """
    found = Report.objects.select_for_update(of=("self",)).select_related("researcher").filter(
        pk=report, state=ReportState.OPEN, kind=ReportKind.HIDE
    ).first()  # fmt: skip
    if found is None:
        raise Conflict("This is no open request to hide a page.")
    present = found.researcher.merged_into_id or found.researcher_id
    event = opt_out(researcher=present, actor=actor, reason="Asked for in a confirmed report.")
    close_report(report=report)
    return event


def expire_reports() -> int:
    """Forget reports that nobody confirmed in time; how many."""
    before = timezone.now() - timedelta(days=DAYS_TO_CONFIRM)
    return Report.objects.filter(state=ReportState.UNCONFIRMED, created_at__lt=before).delete()[0]
