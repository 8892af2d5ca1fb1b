"""Forms of visitors: what they may say, checked before anything is kept."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.validators import RegexValidator

from profiles.models import ReportKind
from researchgraph.forms import REASON_LIMIT
from researchgraph.lib.text import clean

TEXT_LIMIT: Final = 2_000


class ReportForm(forms.Form):
    """A report about a record. `website` is for programs that fill in everything: people do not see it."""

    kind = forms.ChoiceField(choices=ReportKind.choices, error_messages={"required": "Say what it is about."})
    work = forms.CharField(required=False, max_length=10)
    text = forms.CharField(
        required=False,
        max_length=TEXT_LIMIT,
        error_messages={"max_length": f"At most {TEXT_LIMIT:,} characters, please."},
    )
    email = forms.EmailField(
        max_length=254,
        error_messages={
            "required": "We need an address to send the confirmation to.",
            "invalid": "This does not look like an e-mail address. Check for a typing mistake.",
        },
    )
    website = forms.CharField(required=False)

    def __init__(self, *args: Any, works: frozenset[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.works = works

    def clean_text(self) -> str:
        """Line by line, without what cannot be seen."""
        return "\n".join(clean(line) for line in self.cleaned_data["text"].splitlines()).strip()

    def clean(self) -> dict[str, Any]:
        """A report about a work names it, a report of something wrong says what."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("kind") != ReportKind.NOT_MINE:
            given["work"] = ""
        elif given.get("work") not in self.works:
            self.add_error("work", "Choose the work that does not belong here.")
        if given.get("kind") == ReportKind.WRONG and not given.get("text") and "text" not in self.errors:
            self.add_error("text", "Say what is wrong.")
        return given


class MergeForm(forms.Form):
    """A curator's decision that two records are one person, on the state that `token` names."""

    token = forms.CharField(max_length=64)
    reason = forms.CharField(max_length=REASON_LIMIT)
    force = forms.BooleanField(required=False)


class DecisionForm(forms.Form):
    """A curator's decision on bylines of a record, on the state that `token` names. `to` is the record they belong to.

    `bylines` is one field however many there are. With `against`, the preview said that something speaks against it.
    """

    bylines = forms.CharField(validators=[RegexValidator(r"^[0-9]{1,18}(,[0-9]{1,18})*$")])
    token = forms.CharField(max_length=64)
    to = forms.CharField(required=False, max_length=10)
    reason = forms.CharField(
        max_length=REASON_LIMIT,
        error_messages={"required": "Say in a few words why; it stays in the history, and others will want to know."},
    )
    against = forms.BooleanField(required=False)
    force = forms.BooleanField(required=False)

    def clean_bylines(self) -> list[int]:
        """The keys."""
        return [int(key) for key in self.cleaned_data["bylines"].split(",")]

    def clean(self) -> dict[str, Any]:
        """What speaks against a decision is seen by whoever takes it. A reminder, no barrier: they may decide anything."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("against") and not given.get("force"):
            self.add_error("force", "Something speaks against it. Tick that you have seen it.")
        return given

    @property
    def problem(self) -> str:
        """The first thing that is wrong, in words."""
        known = ("reason", "force")
        return next((str(self.errors[name][0]) for name in known if name in self.errors), "The form was not complete.")
