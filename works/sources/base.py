"""The contract every source fulfils. A source knows one service or format and nothing of our database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from researchgraph.lib.http import Http
    from works.records import Parsed, RawRecord


class Source(ABC):
    """A place records come from: of works, of institutions, of episodes that mention works.

    `name` is stored with every record and never renamed; `label` is shown to people. `identified`
    says the source assigns persistent identifiers to works (verification level L1 rests on it). `example` is a query
    to the live service, "" where there is none.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    identified: ClassVar[bool] = True
    example: ClassVar[str] = ""

    @abstractmethod
    def read(self, path: Path) -> Iterator[RawRecord]:
        """Yield the records of a file in file order, in memory bounded whatever the file's size.

        Raises SourceUnavailable if the file cannot be opened or is not of this source's kind at all.
        Damage inside the file never raises: it is yielded as a RawRecord with its `problem`.
        """

    def fetch(self, query: str, http: Http) -> Iterator[RawRecord]:  # noqa: ARG002 - sources that have a service use it
        """Yield records of the live service for `query`. Raises SourceUnavailable.

        Sources without a live service keep this default.
        """
        from researchgraph.errors import SourceUnavailable

        raise SourceUnavailable(f"{self.label} has no live service here; give a file instead of {query!r}.")

    @staticmethod
    @abstractmethod
    def parse(raw: RawRecord) -> Parsed:
        """Translate, do not judge. Pure, so that old payloads can be parsed again; raises RecordRejected."""
