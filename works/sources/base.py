"""The contract every source fulfils. A source knows one service or format and nothing of our database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from researchgraph.lib.http import Http
    from works.records import Parsed, RawRecord


class Source(ABC):
    """A place records come from: of works, of institutions, of episodes that mention works.

    `name` is stored with every record and never renamed; `label` is shown to people. `identified`
    says the source assigns persistent identifiers to works (verification level L1 rests on it). `example` is a query
    to the live service, "" where there is none. `edited` says that editors write its records of refereed works, and not
    whoever deposits them: an e-mail address printed there says whose it is.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    identified: ClassVar[bool] = True
    example: ClassVar[str] = ""
    edited: ClassVar[bool] = False

    @abstractmethod
    def read(self, path: Path) -> Iterator[RawRecord]:
        """Yield the records of a file in file order, in memory bounded whatever the file's size.

        Raises SourceUnavailable if the file cannot be opened or is not of this source's kind at all.
        Damage inside the file never raises: it is yielded as a RawRecord with its `problem`.
        """

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:  # noqa: ARG002 - sources that have a service use it
        """Yield records of the live service for `query`. Raises SourceUnavailable.

        `resume` is the `cursor` of a record that an earlier, interrupted call for the same query yielded: go on behind it.
        Where the service has forgotten it, begin again; records that are known already cost little.
        Sources without a live service keep this default.
        """
        from researchgraph.errors import SourceUnavailable

        raise SourceUnavailable(f"{self.label} has no live service here; give a file instead of {query!r}.")

    def since(self, query: str, moment: datetime) -> str:  # noqa: ARG002 - sources whose services date changes use it
        """The query narrowed to what has changed since `moment` (UTC), for a schedule.

        "" where the service cannot say that; the whole query is harvested again then.
        """
        return ""

    @staticmethod
    @abstractmethod
    def parse(raw: RawRecord) -> Parsed:
        """Translate, do not judge. Pure, so that old payloads can be parsed again; raises RecordRejected."""
