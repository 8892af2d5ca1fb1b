"""BibTeX files that authors upload to their claimed records: believed after every other source, and never on who is who."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from works.records import ParsedAuthor, ParsedRecord, RawRecord
from works.sources.bibtex import BibtexSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AuthorBibtexSource(BibtexSource):
    """Entries of `.bib` files whose writer we do not know beyond their claim.

    A source of its own because what stands in such a file proves nothing: an ORCID iD on a byline would be strong evidence
    for a claim on it, so of people only the names are read. The hash of an entry is its key: a citation key is chosen by
    whoever writes the file, and would let one author replace what another's file has said.
    """

    name: ClassVar[str] = "author_bibtex"
    label: ClassVar[str] = "BibTeX of an author"

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        for raw in super().read(path):
            yield msgspec.structs.replace(raw, key="")

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        found = BibtexSource.parse(raw)
        names = tuple(
            ParsedAuthor(author.name, role=author.role, native_name=author.native_name) for author in found.authors
        )
        return msgspec.structs.replace(found, authors=names)
