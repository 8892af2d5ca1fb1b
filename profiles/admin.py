"""Admin of researchers: for looking. Records are written by flows, which keep an event with every change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from profiles.models import (
    IdentityEvent,
    Institution,
    Report,
    ReportState,
    Researcher,
    ResearcherIdentifier,
    ResearcherName,
)
from works.admin import ForLooking

if TYPE_CHECKING:
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
    """What visitors without an account have reported and confirmed, for looking; decided on at /curate/reports/."""

    list_display = ("kind", "researcher", "state", "due_at", "confirmed_at")
    list_filter = ("state", "kind")
    list_select_related = ("researcher",)
    ordering = ("-state", "due_at", "confirmed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Without what may never be confirmed."""
        return super().get_queryset(request).exclude(state=ReportState.UNCONFIRMED)


@admin.register(Institution)
class InstitutionAdmin(ForLooking, ModelAdmin):
    """Institutions."""

    list_display = ("name", "public_id", "ror")
    search_fields = ("=public_id", "name")
    show_full_result_count = False
