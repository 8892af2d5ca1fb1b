"""What somebody who runs imports may ask for, and what curators say of works, checked before anything is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from researchgraph.forms import REASON_LIMIT
from researchgraph.lib import dates
from works.correction_selectors import CORRECTED, NEVER_EMPTY
from works.ingest import normalise
from works.models import Every
from works.sources import registry
from works.sources.base import Source

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.http import QueryDict

    Uploaded = UploadedFile[bytes]

UPLOAD_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of an uploaded file; larger ones are imported from a shell."""
QUERY_LIMIT: Final = 2_000


class ImportForm(forms.Form):
    """A source with a file of its format, or with a query to its service, to be asked once or again and again."""

    source = forms.CharField(max_length=40)
    query = forms.CharField(required=False, max_length=QUERY_LIMIT)
    every = forms.ChoiceField(
        required=False,
        choices=[("", "Once"), *Every.choices],
        error_messages={"invalid_choice": "Choose how often."},
    )
    file = forms.FileField(
        required=False,
        error_messages={"empty": "This file is empty.", "invalid": "The file did not arrive. Choose it again."},
    )

    def clean_source(self) -> str:
        """One of the sources there are."""
        name = str(self.cleaned_data["source"])
        if name not in registry.sources():
            raise forms.ValidationError("Choose one of the sources.")
        return name

    def clean_file(self) -> Uploaded | None:
        """A file that is not too large."""
        file: Uploaded | None = self.cleaned_data["file"]
        if file and (file.size or 0) > UPLOAD_LIMIT:
            mebibytes = UPLOAD_LIMIT // 1024 // 1024
            raise forms.ValidationError(
                f"At most {mebibytes} MiB, please. Larger files are imported with manage.py importworks."
            )
        return file

    def clean(self) -> dict[str, Any]:
        """Either a file or a query, and a query only where there is somebody to ask."""
        given: dict[str, Any] = super().clean() or {}
        if "source" not in given or "file" in self.errors or "query" in self.errors:
            return given
        if bool(given.get("file")) == bool(given.get("query")):
            self.add_error("file", "Choose a file, or type a query, not both and not neither.")
        elif given.get("query") and registry.sources()[given["source"]].fetch is Source.fetch:
            self.add_error("query", "This source has no live service here. Choose a file.")
        elif given.get("file") and given.get("every"):
            self.add_error("every", "Only a query can be repeated; a file stays what it is.")
        return given


class CorrectionForm(forms.Form):
    """Values for fields of a work. Each has a choice (`title`) and a value of one's own (`title_own`).

    The choice is "" to leave the field alone, "none" for no value, "own", or "say:" and the value of a source. What
    is typed counts although the choice was left alone.
    """

    reason = forms.CharField(max_length=500, error_messages={"required": "Say in a few words how you know."})
    seen = forms.IntegerField(min_value=0)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.chosen: dict[str, str] = {}

    def clean(self) -> dict[str, Any]:
        """At least one field with a value that it can have."""
        given: dict[str, Any] = super().clean() or {}
        for field in CORRECTED:
            choice, own = self.data.get(field, ""), self.data.get(f"{field}_own", "").strip()
            if choice == "none" and field not in NEVER_EMPTY:
                self.chosen[field] = ""
            elif choice.startswith("say:") or choice == "own" or own:
                said = choice.removeprefix("say:") if choice.startswith("say:") else own
                value = normalise.value(field, said)
                if value:
                    self.chosen[field] = value
                else:
                    self.errors.setdefault(field, self.error_class([PROBLEMS.get(field, "No address of a page.")]))
        if not self.chosen and not self.errors:
            self.add_error(None, "Nothing was chosen.")
        return given


PROBLEMS: Final = {
    "title": f"A title has letters, and at most {normalise.TITLE_LIMIT:,} characters.",
    "type": "Choose one of the types.",
    "year": f"A year from {dates.EARLIEST_YEAR} to {dates.LATEST_YEAR}.",
    "date": "A date such as 2022-03-10, 2022-03 or 2022.",
    "venue": "A name has letters.",
    "license": "A name has letters.",
}
"""What is said of a value that a field cannot have."""


class SplitForm(forms.Form):
    """Source records that are another work, by their keys joined by dots, on the state that `state` names, and why."""

    records = forms.RegexField(r"^[0-9]{1,18}(\.[0-9]{1,18}){0,999}$")
    state = forms.RegexField(r"^[0-9a-f]{32}$")
    reason = forms.CharField(max_length=REASON_LIMIT)

    def clean_records(self) -> list[int]:
        """Their keys."""
        return [int(key) for key in self.cleaned_data["records"].split(".")]


class IdentifierForm(forms.Form):
    """What a curator finds of an ORCID iD that is held back of a byline, and why."""

    d = forms.ChoiceField(choices=[(word, word) for word in ("accept", "dismiss")])
    byline = forms.IntegerField(min_value=1)
    value = forms.CharField(max_length=40)
    reason = forms.CharField(max_length=REASON_LIMIT)
