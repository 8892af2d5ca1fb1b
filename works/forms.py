"""What somebody who runs imports may ask for, checked before anything is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from works.sources import registry
from works.sources.base import Source

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    Uploaded = UploadedFile[bytes]

UPLOAD_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of an uploaded file; larger ones are imported from a shell."""
QUERY_LIMIT: Final = 2_000


class ImportForm(forms.Form):
    """A source with a file of its format, or with a query to its service."""

    source = forms.CharField(max_length=40)
    query = forms.CharField(required=False, max_length=QUERY_LIMIT)
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
        return given


REASON_LIMIT: Final = 500


class AnswerForm(forms.Form):
    """A curator's answer to a question about works on the state that `state` names, or what they do with the question.

    `like` holds further questions with their states, as `works.pair_selectors.Alike` writes them; it is followed only if
    `also` is ticked.
    """

    d = forms.ChoiceField(choices=[(word, word) for word in ("same", "different", "unknown", "take", "release")])
    state = forms.RegexField(r"^[0-9a-f]{32}$", required=False)
    candidate = forms.IntegerField(min_value=1, required=False)
    reason = forms.CharField(max_length=REASON_LIMIT, required=False)
    also = forms.BooleanField(required=False)
    like = forms.RegexField(r"^[0-9]{1,18}:[0-9a-f]{32}( [0-9]{1,18}:[0-9a-f]{32}){0,19}$", required=False)

    def alike(self) -> list[tuple[int, str]]:
        """The further questions to answer the same way, each with its state."""
        given = self.cleaned_data
        pairs = [one.split(":") for one in given["like"].split()] if given["also"] else []
        return [(int(review), state) for review, state in pairs]


class TakeBackForm(forms.Form):
    """Decisions to take back, by their events joined by dots, and the question they answered."""

    events = forms.RegexField(r"^[0-9]{1,18}(\.[0-9]{1,18}){0,20}$")
    review = forms.IntegerField(min_value=0, required=False)

    def clean_events(self) -> list[int]:
        """Their keys."""
        return [int(key) for key in self.cleaned_data["events"].split(".")]


class UndoForm(forms.Form):
    """A decision to take back from the history of a work, and why."""

    event = forms.IntegerField(min_value=1)
    reason = forms.CharField(max_length=REASON_LIMIT)
