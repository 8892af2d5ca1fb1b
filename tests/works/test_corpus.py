"""Every source over real samples of its format: each file is read or refused, each record parsed or rejected, with a reason.

The samples are not part of this repository (`docs/adding-a-source.md`). Without them these tests fail in CI and are
skipped elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.conftest import missing
from works.ingest.other_kinds import canonical
from works.records import Parsed, ParsedRecord, RawRecord
from works.sources import registry

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "formats"
FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "acl": ("acl",),
    "arxiv": ("arxiv_atom",),
    "arxiv_oai": ("arxiv_oai",),
    "author_bibtex": ("bibtex",),
    "bibtex": ("bibtex",),
    "crossref": ("crossref",),
    "csl_json": ("csl_json",),
    "datacite": ("datacite",),
    "dblp": ("dblp",),
    "oai": ("oai_other", "oai_protocol", "arxiv_oai"),
    "openalex": ("openalex",),
    "openreview": ("openreview",),
    "orcid": ("orcid",),
    "podcast": ("podcast",),
    "pubmed": ("pubmed",),
    "ris": ("ris",),
    "ror": ("ror",),
    "semantic_scholar": ("semantic_scholar",),
}
"""The folders of samples each source is run over: those of its own format and the odd neighbors found there."""
FEWEST: Final[dict[str, int]] = {
    "acl": 1_000,
    "arxiv": 100,
    "arxiv_oai": 30,
    "author_bibtex": 290,
    "bibtex": 290,
    "crossref": 174,
    "csl_json": 36,
    "datacite": 975,
    "dblp": 100,
    "oai": 160,
    "openalex": 76,
    "openreview": 10,
    "orcid": 640,
    "podcast": 57,
    "pubmed": 27,
    "ris": 100,
    "ror": 41,
    "semantic_scholar": 64,
}
"""Records of the samples that must come out as what they are, so that nothing is lost unnoticed."""

KEYED_BY_CONTENT: Final = frozenset({"author_bibtex"})
"""Sources whose own keys could replace what somebody else has said; the hash of a record is its key."""
READ_BY_ANOTHER: Final = frozenset({("crossref", "csl_json"), ("csl_json", "crossref"), ("oai", "arxiv_oai")})

CASES = [
    pytest.param(name, path, id=f"{name}-{path.name}")
    for name, folders in FAMILIES.items()
    for folder in folders
    for path in (sorted((SAMPLES / folder).iterdir()) if SAMPLES.is_dir() else [])
]


@pytest.fixture(scope="module", autouse=True)
def samples() -> None:
    if not SAMPLES.is_dir():
        missing(f"The samples are not part of the repository, and not at {SAMPLES}.")


def read(name: str, path: Path) -> list[RawRecord] | str:
    """The records of a file, or why it is refused."""
    try:
        return list(registry.get(name).read(path))
    except SourceUnavailable as refused:
        return str(refused)


def parsed(name: str, record: RawRecord) -> ParsedRecord | RecordRejected:
    """The work a record states, or why there is none."""
    found = outcome(name, record)
    assert isinstance(found, ParsedRecord | RecordRejected)
    return found


def outcome(name: str, record: RawRecord) -> Parsed | RecordRejected:
    """What a record of any kind states, or why it is rejected."""
    try:
        return canonical(registry.get(name).parse(record))
    except RecordRejected as rejected:
        return rejected


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_sample_is_read_the_same_way_twice_or_refused_with_a_reason(name: str, path: Path) -> None:
    found = read(name, path)
    assert found == read(name, path)
    if isinstance(found, str):
        assert len(found) > 20
        return
    for record in found:
        assert record.origin
        assert record.payload or record.problem or record.deleted


@pytest.mark.parametrize(("name", "path"), CASES)
def test_every_record_of_a_sample_parses_or_is_rejected_with_a_reason(name: str, path: Path) -> None:
    found = read(name, path)
    for record in [] if isinstance(found, str) else found:
        if record.problem or record.deleted:
            continue
        stated = outcome(name, record)
        if isinstance(stated, RecordRejected):
            assert stated.code == stated.code.lower().replace(" ", "-")
            assert len(stated.detail) > 10
        else:
            assert stated == canonical(stated) == outcome(name, RawRecord(record.key, record.payload))
            assert bool(record.key) == (name not in KEYED_BY_CONTENT)


@pytest.mark.parametrize("name", sorted(registry.sources()))
def test_samples_of_other_families_are_refused_or_held_back_with_a_reason(name: str) -> None:
    foreign = [
        folder for folder in sorted(SAMPLES.iterdir()) if folder.is_dir() and folder.name not in FAMILIES.get(name, ())
    ]
    assert foreign
    for folder in foreign:
        path = max(folder.iterdir(), key=lambda path: (path.stat().st_size < 100_000, path.stat().st_size))
        found = read(name, path)
        if isinstance(found, str):
            assert path.name in found
            continue
        for record in found:
            outcome = None if record.problem or record.deleted else parsed(name, record)
            # Crossref answers in CSL-JSON as well, which is why its own source reads some of that.
            assert not isinstance(outcome, ParsedRecord) or (name, folder.name) in READ_BY_ANOTHER, path


@pytest.mark.parametrize("name", FAMILIES)
def test_no_sample_is_lost_unnoticed(name: str) -> None:
    found = 0
    for case in CASES:
        if case.values[0] == name:
            records = read(name, case.values[1])  # type: ignore[arg-type]
            for record in [] if isinstance(records, str) else records:
                if not record.problem and not record.deleted:
                    found += isinstance(outcome(name, record), Parsed)
    assert found >= FEWEST[name]
