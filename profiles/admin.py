"""Admin of researchers: for looking. Records are written by flows, which keep an event with every change."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin, messages

from profiles.flows.opt_out import opt_out
from profiles.flows.report import close_report
from profiles.models import (
    IdentityEvent,
    Institution,
    Report,
    ReportKind,
    ReportState,
    Researcher,
    ResearcherIdentifier,
    ResearcherName,
)
from researchgraph.errors import Conflict
from works.admin import ForLooking

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

    ModelAdmin = admin.ModelAdmin[Model]
    TabularInline = admin.TabularInline[Model, Model]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class NameInline(ForLooking, TabularInline):
    """Spellings of a researcher."""

    model = ResearcherName
    fields = ("name", "bylines")


class IdentifierInline(ForLooking, TabularInline):
    """Identifiers of the record."""

    model = ResearcherIdentifier
    fields = ("scheme", "value", "bylines")


class EventInline(ForLooking, TabularInline):
    """What was decided, newest first."""

    model = IdentityEvent
    fk_name = "researcher"
    fields = ("happened_at", "kind", "actor", "reason")
    ordering = ("-happened_at",)


@admin.register(Researcher)
class ResearcherAdmin(ForLooking, ModelAdmin):
    """Researchers."""

    list_display = ("display_name", "public_id", "verification_level", "works_count", "first_year", "last_year")
    list_filter = ("verification_level",)
    search_fields = ("=public_id", "display_name")
    show_full_result_count = False
    inlines = (NameInline, IdentifierInline, EventInline)


@admin.register(Report)
class ReportAdmin(ForLooking, ModelAdmin):
    """What visitors without an account have reported and confirmed; the most pressing first."""

    list_display = ("kind", "researcher", "state", "due_at", "confirmed_at")
    list_filter = ("state", "kind")
    list_select_related = ("researcher",)
    ordering = ("-state", "due_at", "confirmed_at")
    actions = ("close", "hide_and_close")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Without what may never be confirmed."""
        return super().get_queryset(request).exclude(state=ReportState.UNCONFIRMED)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may change reports decides on them, though nobody edits one."""
        return cast("User", request.user).has_perm("profiles.change_report")

    @admin.action(permissions=["decide"], description="Close, and delete the e-mail addresses")
    def close(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        """Close the open ones among the chosen."""
        for report in chosen.filter(state=ReportState.OPEN):
            close_report(report=report.pk)
        self.message_user(request, "Closed. The addresses are deleted.")

    @admin.action(permissions=["decide"], description="Hide the pages at their persons’ request, and close")
    def hide_and_close(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        """Take down the records of the chosen requests, so that nothing names the persons any more."""
        curator = cast("User", request.user)
        for report in chosen.filter(state=ReportState.OPEN, kind=ReportKind.HIDE):
            present = report.researcher.merged_into_id or report.researcher_id
            try:
                opt_out(researcher=present, actor=curator, reason="Asked for in a confirmed report.")
            except Conflict as conflict:
                self.message_user(request, f"{report.researcher}: {conflict}", messages.WARNING)
                continue
            close_report(report=report.pk)


@admin.register(Institution)
class InstitutionAdmin(ForLooking, ModelAdmin):
    """Institutions."""

    list_display = ("name", "public_id", "ror")
    search_fields = ("=public_id", "name")
    show_full_result_count = False
