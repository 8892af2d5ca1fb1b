"""Any repository with an OAI-PMH interface, in the Dublin Core that all of them speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from researchgraph.errors import SourceUnavailable
from works.sources import dublin_core, oai_pmh
from works.sources.base import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from researchgraph.lib.http import Http
    from works.records import ParsedRecord, RawRecord

INTERVAL = 2.0


class OaiSource(Source):
    """Repositories by OAI-PMH. The key is the identifier in the record's header."""

    name: ClassVar[str] = "oai"
    label: ClassVar[str] = "OAI-PMH repository"
    example: ClassVar[str] = "https://repository.example/oai set=math from=2024-01-01"

    def __init__(self, *, interval: float = INTERVAL) -> None:
        self._interval = interval

    def read(self, path: Path) -> Iterator[RawRecord]:
        """See `Source.read`."""
        return oai_pmh.read(path, formats=dublin_core.FORMATS, key_of=oai_pmh.plain_key)

    def fetch(self, query: str, http: Http, *, resume: str = "") -> Iterator[RawRecord]:
        """Harvest "https://repository.example/oai set=... from=2024-01-01 until=... identifier=...".

        Raises SourceUnavailable if the repository refuses or stays away, or the query names no repository.
        """
        words = query.split()
        if not words or not words[0].lower().startswith(("https://", "http://")):
            message = (
                "An OAI-PMH query begins with the address of the repository, such as https://repository.example/oai."
            )
            raise SourceUnavailable(message)
        harvest = oai_pmh.Harvest(
            http=http,
            endpoint=words[0],
            interval=self._interval,
            formats=dublin_core.FORMATS,
            key_of=oai_pmh.plain_key,
        )
        yield from harvest.records(oai_pmh.query_of(words[1:], "oai_dc"), resume)

    def since(self, query: str, moment: datetime) -> str:
        """See `Source.since`."""
        return oai_pmh.narrowed(query, moment)

    @staticmethod
    def parse(raw: RawRecord) -> ParsedRecord:
        """See `Source.parse`."""
        return dublin_core.parse(*oai_pmh.metadata(raw.payload, dublin_core.FORMATS))
