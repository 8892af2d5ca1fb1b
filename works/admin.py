"""Admin of works and imports: for looking. Only imports write works; a review can be closed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from works.decision_models import Review
from works.models import Authorship, ImportRun, SourceRecord, Work, WorkIdentifier, WorkVersion

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest

    ModelAdmin = admin.ModelAdmin[Model]
    TabularInline = admin.TabularInline[Model, Model]
else:
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class ForLooking:
    """Nothing can be added, changed or deleted by hand: the next import would undo it without a trace."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody deletes."""
        return False


class AuthorshipInline(ForLooking, TabularInline):
    """Bylines of a work."""

    model = Authorship
    fields = ("position", "raw_name", "raw_affiliation", "researcher", "kind", "confidence")
    ordering = ("position",)


class IdentifierInline(ForLooking, TabularInline):
    """Identifiers of the record."""

    model = WorkIdentifier
    fields = ("scheme", "value")


class VersionInline(ForLooking, TabularInline):
    """Versions of a work."""

    model = WorkVersion
    fields = ("kind", "venue", "year", "date", "status")


@admin.register(Work)
class WorkAdmin(ForLooking, ModelAdmin):
    """Works."""

    list_display = ("title", "type", "year", "venue", "source_count")
    list_filter = ("type",)
    list_select_related = ("venue",)
    search_fields = ("=public_id", "title__icontains")
    show_full_result_count = False
    inlines = (VersionInline, IdentifierInline, AuthorshipInline)


@admin.register(ImportRun)
class ImportRunAdmin(ForLooking, ModelAdmin):
    """Import runs."""

    list_display = ("public_id", "source", "query", "state", "fetched", "new", "quarantined", "created_at")
    list_filter = ("state", "source")


@admin.register(SourceRecord)
class SourceRecordAdmin(ForLooking, ModelAdmin):
    """Source records, without their bytes."""

    list_display = ("source", "key", "origin", "rejected_code", "fetched_at")
    list_filter = ("rejected_code", "source")
    search_fields = ("=key",)
    show_full_result_count = False
    exclude = ("payload", "sha256")


@admin.register(Review)
class ReviewAdmin(ModelAdmin):
    """Questions for a curator; only the state can be changed."""

    list_display = ("kind", "subject", "state", "created_at")
    list_filter = ("state", "kind")
    fields = ("kind", "subject", "candidates", "evidence", "state", "created_at")
    readonly_fields = ("kind", "subject", "candidates", "evidence", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody adds."""
        return False
