"""Reports without an account: asked for, confirmed by mail, counted, closed, and private all along."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from profiles.flows.report import close_report, expire_reports
from profiles.models import Report, ReportState, Researcher
from researchgraph.errors import Conflict
from researchgraph.lib import limits

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from pytest_django import DjangoAssertNumQueries, Settings

pytestmark = pytest.mark.usefixtures("library", "fresh_counts")

FROM = "somebody@example.org"
SAYS = {"kind": "wrong", "text": "Two people on one page.", "email": FROM}


@pytest.fixture
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def ari() -> Researcher:
    return Researcher.objects.get(slug="ari-s-morcos", merged_into=None)


def form(ari: Researcher) -> str:
    return f"{ari.get_absolute_url()}report/"


def link(message: EmailMessage) -> str:
    found = re.search(r"http://localhost:8000(/reports/confirm/\S+)", str(message.body))
    assert found is not None
    return found[1]


def reported(client: Client, ari: Researcher, **says: str) -> str:
    """The path of the link in the mail that a report led to."""
    response = client.post(form(ari), {**SAYS, **says})
    assert (response.status_code, response["Location"]) == (302, "/reports/sent/")
    return link(mail.outbox[-1])


def test_a_report_counts_once_the_link_in_the_mail_was_confirmed(client: Client, ari: Researcher) -> None:
    path = reported(client, ari)
    assert mail.outbox[0].to == [FROM]
    assert Report.objects.get().state == ReportState.UNCONFIRMED
    assert "Confirm the report" in client.get(path).content.decode()
    assert Report.objects.get().state == ReportState.UNCONFIRMED
    assert "is confirmed" in client.post(path).content.decode()
    found = Report.objects.get()
    assert (found.state, found.text, found.researcher, found.due_at) == ("open", SAYS["text"], ari, None)
    first = found.confirmed_at
    client.post(path)
    assert Report.objects.get().confirmed_at == first


def test_a_request_to_hide_a_page_has_a_deadline_of_seven_days(client: Client, ari: Researcher) -> None:
    page = client.post(reported(client, ari, kind="hide", text="")).content.decode()
    found = Report.objects.get()
    assert found.due_at is not None
    assert found.confirmed_at is not None
    assert found.due_at - found.confirmed_at == timedelta(days=7)
    assert f"{found.due_at:%b} {found.due_at.day}, {found.due_at.year}" in page


def test_a_report_about_a_work_names_one_of_the_record(client: Client, ari: Researcher) -> None:
    theirs = ari.authorships.select_related("work")[0].work.public_id
    assert client.post(form(ari), {**SAYS, "kind": "not-mine", "work": "0000000000"}).status_code == 422
    reported(client, ari, kind="not-mine", work=theirs)
    assert Report.objects.get().work == theirs


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"kind": ""}, "Say what it is about."),
        ({"kind": "complaint"}, "Select a valid choice"),
        ({"kind": "not-mine"}, "Choose the work"),
        ({"text": " \u200b"}, "Say what is wrong."),
        ({"text": "x" * 2001}, "At most 2,000 characters"),
        ({"email": ""}, "We need an address"),
        ({"email": "somebody@"}, "does not look like an e-mail address"),
    ],
)
def test_what_is_missing_is_said_and_what_was_written_is_kept(
    client: Client, ari: Researcher, says: dict[str, str], sentence: str
) -> None:
    response = client.post(form(ari), {"kind": "wrong", "text": "Kept <b>text</b>", "email": FROM, **says})
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert "text" in says or "Kept &lt;b&gt;text&lt;/b&gt;" in page
    assert not Report.objects.exists()
    assert not mail.outbox


def test_a_program_that_fills_in_everything_gets_the_same_answer_and_nothing_happens(
    client: Client, ari: Researcher
) -> None:
    response = client.post(form(ari), {**SAYS, "website": "https://example.com"})
    assert (response.status_code, response["Location"]) == (302, "/reports/sent/")
    assert not Report.objects.exists()
    assert not mail.outbox


def test_a_report_needs_the_token_of_the_form(ari: Researcher) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(form(ari), SAYS).status_code == 403
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', strict.get(form(ari)).content.decode())
    assert found is not None
    assert strict.post(form(ari), {**SAYS, "csrfmiddlewaretoken": found[1]}).status_code == 302


def test_nobody_is_sent_more_than_three_mails_a_day(client: Client, ari: Researcher) -> None:
    for _ in range(3):
        reported(client, ari)
    response = client.post(form(ari), {**SAYS, "email": FROM.upper()})
    assert response.status_code == 429
    assert SAYS["text"] in response.content.decode()
    assert len(mail.outbox) == 3
    reported(client, ari, email="somebody.else@example.org")


def test_one_place_sends_no_more_than_ten_reports_an_hour(client: Client, ari: Researcher) -> None:
    for number in range(10):
        reported(client, ari, email=f"n{number}@example.org")
    assert client.post(form(ari), {**SAYS, "email": "n10@example.org"}).status_code == 429
    assert Report.objects.count() == 10


def test_limits_hold_while_the_cache_is_away(settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert [limits.allowed("test", "somebody", most=2, seconds=60) for _ in range(3)] == [True, True, False]


def test_a_mail_that_cannot_be_sent_leaves_nothing_behind(client: Client, ari: Researcher, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = client.post(form(ari), SAYS)
    assert response.status_code == 503
    assert "try again in a few minutes" in response.content.decode()
    assert SAYS["text"] in response.content.decode()
    assert not Report.objects.exists()


def test_a_link_that_is_wrong_or_too_old_confirms_nothing(client: Client, ari: Researcher) -> None:
    path = reported(client, ari)
    for other in (f"{path[:-2]}x/", "/reports/confirm/x/"):
        assert client.post(other).status_code == 410
    Report.objects.update(created_at=timezone.now() - timedelta(days=3, minutes=1))
    assert expire_reports() == 1
    assert client.post(path).status_code == 410


def test_a_confirmed_report_does_not_expire(client: Client, ari: Researcher) -> None:
    client.post(reported(client, ari))
    Report.objects.update(created_at=timezone.now() - timedelta(days=30))
    assert expire_reports() == 0


def test_the_address_is_deleted_when_the_report_is_closed(client: Client, ari: Researcher) -> None:
    path = reported(client, ari)
    with pytest.raises(Conflict):
        close_report(report=Report.objects.get().pk)
    client.post(path)
    close_report(report=Report.objects.get().pk)
    assert Report.objects.values_list("state", "email").get() == ("closed", "")
    assert client.get(path).status_code == 410


def test_the_mail_carries_nothing_the_visitor_wrote(client: Client, ari: Researcher) -> None:
    reported(client, ari, text="Buy soups at https://soups.example")
    assert "soups.example" not in str(mail.outbox[0].body)
    assert ari.get_absolute_url() in str(mail.outbox[0].body)


def test_a_report_is_seen_by_curators_only(client: Client, admin_client: Client, ari: Researcher) -> None:
    visitor = Client()
    reported(visitor, ari, kind="hide", text="")
    assert "0 reports" in admin_client.get("/admin/profiles/report/").content.decode()
    visitor.post(link(mail.outbox[0]))
    assert "1 report" in admin_client.get("/admin/profiles/report/").content.decode()
    for path in (ari.get_absolute_url(), form(ari), f"/api/v1/researchers/{ari.public_id}/"):
        assert FROM not in visitor.get(path).content.decode()


def test_the_most_pressing_report_comes_first_with_its_date_and_its_words(
    admin_client: Client, client: Client, ari: Researcher
) -> None:
    work = ari.authorships.select_related("work")[0].work
    client.post(reported(client, ari, kind="not-mine", work=work.public_id, text="Not mine & not his."))
    client.post(reported(client, ari, kind="hide", text=""))
    page = admin_client.get("/curate/reports/").content.decode()
    assert page.index("Hide this page") < page.index("A work does not belong here")
    assert f'href="/works/{work.public_id}/' in page
    assert "Not mine &amp; not his." in page
    assert f'href="/curate/record/{ari.public_id}/"' in page
    assert f"mailto:{FROM}" in page
    due = Report.objects.get(kind="hide").due_at
    assert due is not None
    assert f'due <time datetime="{due.isoformat()}">' in page
    Report.objects.filter(kind="hide").update(due_at=timezone.now() - timedelta(days=1))
    assert "overdue since" in admin_client.get("/curate/reports/").content.decode()


def test_a_curator_hides_the_page_from_the_queue_after_being_asked_once_more(
    admin_client: Client, client: Client, ari: Researcher
) -> None:
    client.post(reported(client, ari, kind="hide", text=""))
    there = f"/curate/reports/{Report.objects.get().pk}/hide/"
    assert "Only at the person’s own request" in admin_client.get(there).content.decode()
    ari.refresh_from_db()
    assert not ari.withheld
    assert admin_client.post(there).headers["Location"] == "/curate/reports/?note=hidden"
    ari.refresh_from_db()
    assert ari.withheld
    assert Report.objects.get().state == ReportState.CLOSED
    assert client.get(ari.get_absolute_url()).status_code == 410
    assert admin_client.get(there).status_code == 404


def test_a_report_is_closed_once(admin_client: Client, client: Client, ari: Researcher) -> None:
    client.post(reported(client, ari))
    key = Report.objects.get().pk
    assert admin_client.get(f"/curate/reports/{key}/hide/").status_code == 404
    assert admin_client.post(f"/curate/reports/{key}/close/").status_code == 302
    assert Report.objects.values_list("state", "email").get() == ("closed", "")
    assert admin_client.post(f"/curate/reports/{key}/close/").status_code == 409


def test_a_report_about_a_merged_record_leads_to_the_one_that_goes_on(
    admin_client: Client, client: Client, ari: Researcher
) -> None:
    client.post(reported(client, ari, kind="hide", text=""))
    kept = Researcher.objects.exclude(pk=ari.pk).filter(merged_into=None, removed_at=None)[0]
    Researcher.objects.filter(pk=ari.pk).update(merged_into=kept, merged_at=timezone.now())
    page = admin_client.get("/curate/reports/").content.decode()
    assert f'href="{kept.get_absolute_url()}"' in page
    Researcher.objects.filter(pk=kept.pk).update(removed_at=timezone.now())
    assert "a record that was taken down" in admin_client.get("/curate/reports/").content.decode()


def test_who_may_only_look_at_reports_decides_on_none(client: Client, ari: Researcher, django_user_model: Any) -> None:
    client.post(reported(client, ari, kind="hide", text=""))
    key = Report.objects.get().pk
    staff = django_user_model.objects.create_user("assistant", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_report"))
    client.force_login(staff)
    assert "1 report" in client.get("/admin/profiles/report/").content.decode()
    assert "hide_and_close" not in client.get("/admin/profiles/report/").content.decode()
    for path in ("/curate/reports/", f"/curate/reports/{key}/hide/"):
        assert client.get(path).status_code == 404
    for path in (f"/curate/reports/{key}/close/", f"/curate/reports/{key}/hide/"):
        assert client.post(path).status_code == 404
    ari.refresh_from_db()
    assert not ari.withheld


def test_the_reports_take_as_many_queries_however_many_there_are(
    admin_client: Client, client: Client, ari: Researcher, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.post(reported(client, ari))
    with django_assert_num_queries(5):
        admin_client.get("/curate/reports/")
    client.post(reported(client, ari, email="another@example.org"))
    with django_assert_num_queries(5):
        admin_client.get("/curate/reports/")


def test_the_form_of_a_record_taken_down_or_unknown_is_gone_too(client: Client, ari: Researcher) -> None:
    assert client.get("/researchers/0000000000/report/").status_code == 404
    assert client.get(f"/researchers/{ari.public_id}/report/").status_code == 301
    Researcher.objects.filter(pk=ari.pk).update(removed_at=timezone.now())
    assert client.get(form(ari)).status_code == 410
    assert client.post(form(ari), SAYS).status_code == 410


def test_the_link_on_the_profile_opens_the_form_with_the_choice_made(client: Client, ari: Researcher) -> None:
    assert f'href="{form(ari)}?kind=hide"' in client.get(ari.get_absolute_url()).content.decode()
    assert 'value="hide" checked' in client.get(f"{form(ari)}?kind=hide").content.decode()


def test_the_form_stays_in_its_query_budget(
    client: Client, ari: Researcher, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(2):
        client.get(form(ari))
