"""Which sources there are: the built-in ones in one list, third parties' by the entry-point group below."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from inspect import signature

from works.sources.acl import AclSource
from works.sources.arxiv import ArxivSource
from works.sources.arxiv_oai import ArxivOaiSource
from works.sources.author_bibtex import AuthorBibtexSource
from works.sources.base import Source
from works.sources.bibtex import BibtexSource
from works.sources.crossref import CrossrefSource
from works.sources.csl_json import CslJsonSource
from works.sources.datacite import DataciteSource
from works.sources.dblp import DblpSource
from works.sources.jsonl import JsonlSource
from works.sources.oai import OaiSource
from works.sources.openalex import OpenAlexSource
from works.sources.openreview import OpenReviewSource
from works.sources.orcid import OrcidSource
from works.sources.podcast import PodcastSource
from works.sources.pubmed import PubmedSource
from works.sources.ris import RisSource
from works.sources.ror import RorSource
from works.sources.semantic_scholar import SemanticScholarSource

BUILT_IN: tuple[type[Source], ...] = (
    AclSource,
    ArxivSource,
    ArxivOaiSource,
    AuthorBibtexSource,
    BibtexSource,
    CrossrefSource,
    CslJsonSource,
    DataciteSource,
    DblpSource,
    JsonlSource,
    OaiSource,
    OpenAlexSource,
    OpenReviewSource,
    OrcidSource,
    PodcastSource,
    PubmedSource,
    RisSource,
    RorSource,
    SemanticScholarSource,
)
ENTRY_POINT_GROUP = "researchgraph.sources"
RESERVED = frozenset({"author", "curator"})
"""Origins of corrections, which stand beside sources in a work's provenance."""


class UnknownSourceError(KeyError):
    """No source has this name; the message lists those that there are."""

    def __str__(self) -> str:
        """The message itself; a KeyError would show its representation."""
        return str(self.args[0])


@cache
def sources() -> dict[str, type[Source]]:
    """All sources by name. A plug-in cannot take a built-in name: stored records would change their meaning."""
    found = {source.name: source for source in BUILT_IN}
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        plugin = entry.load()
        if not (isinstance(plugin, type) and issubclass(plugin, Source)):
            message = f"The entry point {entry.name} of {ENTRY_POINT_GROUP} is no works.sources.base.Source."
            raise TypeError(message)
        if plugin.name in RESERVED:
            message = f"{plugin.name!r} is no name for a source: a field of a work that a person corrected is said to come from it."
            raise ValueError(message)
        if plugin.name in found:
            message = f"Two sources are named {plugin.name!r}: {found[plugin.name].__module__} and {plugin.__module__}."
            raise ValueError(message)
        found[plugin.name] = plugin
    return found


def resumes(source: Source) -> bool:
    """Whether the source's harvests go on from a cursor; those of older plug-ins begin again."""
    return "resume" in signature(source.fetch).parameters


def get(name: str) -> Source:
    """The source stored under `name`. Raises UnknownSourceError, a KeyError, with the known names."""
    try:
        return sources()[name]()
    except KeyError:
        message = f"There is no source {name!r}. Known sources: {', '.join(sorted(sources()))}."
        raise UnknownSourceError(message) from None
