"""What authors ask to be added to their records: one identifier, or one BibTeX file, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django import forms

from researchgraph.lib import identifiers
from works.adding import ENTRIES_AT_MOST, SERVICES

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

FILE_LIMIT: Final = 200_000
"""Bytes of a file."""
_ENTRY: Final = re.compile(
    rb"^[ \t]{0,40}@[ \t]{0,40}(?!comment|string|preamble)[a-z]{1,40}\s{0,40}[{(]", re.IGNORECASE | re.MULTILINE
)
_PACKED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK")
"""How packed files begin, which unfold to any size."""


class AddForm(forms.Form):
    """A DOI or an arXiv id as people write them, or a BibTeX file."""

    identifier = forms.CharField(
        required=False, max_length=identifiers.VALUE_LIMIT, error_messages={"max_length": "No DOI is that long."}
    )
    file = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"accept": ".bib"}),
        error_messages={"empty": "This file is empty.", "invalid": "The file did not arrive. Choose it again."},
    )

    def clean_identifier(self) -> tuple[str, str] | None:
        """Scheme and canonical value."""
        typed = str(self.cleaned_data["identifier"])
        if not typed:
            return None
        pairs = (identifiers.canonical_pair(scheme, typed) for scheme in SERVICES)
        found = next((pair for pair in pairs if pair is not None), None)
        if found is None:
            raise forms.ValidationError(
                "This is no DOI (such as 10.1000/182) and no arXiv id (such as 2203.05482), nor the address of one."
            )
        return found

    def clean_file(self) -> bytes | None:
        """The bytes of a file that is BibTeX and not too large."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if not file:
            return None
        if (file.size or 0) > FILE_LIMIT:
            raise forms.ValidationError(f"At most {FILE_LIMIT // 1000} kB, please.")
        content: bytes = file.read()
        entries = len(_ENTRY.findall(content))
        if not entries or content.startswith(_PACKED) or b"\x00" in content:
            raise forms.ValidationError("This is no BibTeX file: it has no entry such as @article{key, ...}.")
        if entries > ENTRIES_AT_MOST:
            raise forms.ValidationError(
                f"At most {ENTRIES_AT_MOST} entries at once, please; this file has {entries:,}."
            )
        return content

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(given.get("identifier")) == bool(given.get("file")):
            self.add_error(None, "Type an identifier or choose a file: one of the two.")
        return given
