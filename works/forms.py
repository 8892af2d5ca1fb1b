"""What somebody who runs imports may ask for, checked before anything is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from works.models import Every
from works.sources import registry
from works.sources.base import Source

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

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
