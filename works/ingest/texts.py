"""What the texts of a batch come to: keys, markup, and the organisations they name. Pure; each text is read once.

Reading names and affiliations is most of what an import computes. It needs no database, so it is done where the
records are parsed, ahead of the writing, and the results travel with the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from profiles.institutions import institution_key, institution_names
from profiles.names import block_key, name_key
from researchgraph.lib import tex
from researchgraph.lib.text import slug, title_key
from works.records import ParsedRecord


class NameKeys(NamedTuple):
    """What a printed name is found by, and the block it is compared in (`profiles.names`)."""

    key: str
    block: str


class Organisation(NamedTuple):
    """An organisation that an affiliation names (`profiles.institutions`)."""

    key: str
    name: str


class Title(NamedTuple):
    """The key under which titles meet, the words of its address, and its markup: "" where it is only escaped."""

    key: str
    slug: str
    html: str


class Texts(msgspec.Struct):
    """The results so far, by text. Asked for a text it has not met, it reads it."""

    names: dict[str, NameKeys] = {}
    affiliations: dict[str, tuple[Organisation, ...]] = {}
    titles: dict[str, Title] = {}
    abstracts: dict[str, str] = {}

    def name(self, printed: str) -> NameKeys:
        """The keys of one printed name."""
        found = self.names.get(printed)
        if found is None:
            found = self.names[printed] = NameKeys(name_key(printed), block_key(printed))
        return found

    def organisations(self, affiliation: str) -> tuple[Organisation, ...]:
        """The organisations one printed affiliation names, in its order."""
        found = self.affiliations.get(affiliation)
        if found is None:
            found = tuple(Organisation(institution_key(name), name) for name in institution_names(affiliation))
            self.affiliations[affiliation] = found
        return found

    def title(self, title: str) -> Title:
        """What one title is found, addressed and shown by."""
        found = self.titles.get(title)
        if found is None:
            found = self.titles[title] = Title(title_key(title), slug(title), _html(title))
        return found

    def abstract(self, abstract: str) -> str:
        """The markup of one abstract; "" where it is only escaped."""
        found = self.abstracts.get(abstract)
        if found is None:
            found = self.abstracts[abstract] = _html(abstract)
        return found

    def learn(self, record: ParsedRecord) -> None:
        """Read what storing this record will ask for."""
        self.title(record.title)
        self.abstract(record.abstract)
        for author in record.authors:
            self.name(author.name)
            for affiliation in author.affiliations:
                self.organisations(affiliation)


def _html(text: str) -> str:
    return tex.render(text) if tex.needs_rendering(text) else ""
