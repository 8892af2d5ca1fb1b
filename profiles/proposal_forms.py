"""What an author proposes about a work, and what a curator answers, checked before anything is kept."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from profiles.claim_forms import TextField
from profiles.proposal_selectors import AUTHORS, FIELDS, OTHER
from researchgraph.lib.text import clean
from works.correction_selectors import NEVER_EMPTY, CorrectionPage
from works.forms import PROBLEMS
from works.ingest import normalise
from works.models import WorkType
from works.proposals import REASON_LIMIT

VALUE_LIMIT: Final = 2_000
NOTE_LIMIT: Final = 400


class ProposalForm(forms.Form):
    """A field, what is right in its place, and how the author knows."""

    field = forms.ChoiceField(
        choices=[("", "Choose what is wrong"), *FIELDS.items()],
        error_messages={"required": "Choose what is wrong.", "invalid_choice": "Choose what is wrong."},
    )
    value = forms.CharField(
        required=False, max_length=VALUE_LIMIT,
        error_messages={"max_length": f"At most {VALUE_LIMIT:,} characters, please."},
    )  # fmt: skip
    none = forms.BooleanField(required=False)
    note = TextField(
        required=False, max_length=NOTE_LIMIT, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": f"At most {NOTE_LIMIT} characters, please."},
    )  # fmt: skip

    def __init__(self, *args: Any, page: CorrectionPage, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = {field.name: field.now.value for field in page.fields}

    def clean(self) -> dict[str, Any]:
        """A value that the field can have and that is not there already; words for what is no field."""
        given: dict[str, Any] = super().clean() or {}
        field, typed = given.get("field", ""), given.get("value", "").strip()
        if not field or "value" in self.errors:
            return given
        if field in {AUTHORS, OTHER}:
            given["value"] = clean(typed)
            if not given["value"]:
                self.add_error("value", "Say what is right.")
        elif given["none"] and field not in NEVER_EMPTY:
            given["value"] = ""
        else:
            given["value"] = normalise.value(field, _type_of(typed) if field == "type" else typed)
            if not given["value"]:
                self.add_error("value", PROBLEMS.get(field, "No address of a page."))
        if not self.errors and given["value"] == self.now.get(field):
            self.add_error("value", "That is what the page says already.")
        return given


def _type_of(typed: str) -> str:
    """A type by its word or its name for people."""
    names = {str(label).casefold(): value for value, label in WorkType.choices}
    return names.get(typed.casefold(), typed)


class AnswerForm(forms.Form):
    """What a curator answers: the newest correction seen, to accept; a reason, to decline."""

    d = forms.ChoiceField(choices=[(d, d) for d in ("accept", "decline")])
    seen = forms.IntegerField(required=False, min_value=0)
    reason = forms.CharField(required=False, max_length=REASON_LIMIT)

    def clean(self) -> dict[str, Any]:
        """Whoever is declined wants to know why."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("d") == "decline" and not given.get("reason"):
            self.add_error("reason", "Say why; the author will want to know.")
        return given
