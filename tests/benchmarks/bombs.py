"""What hostile files cost to be refused: each in a process of its own, with its time and the memory it grew by.

`uv run python tests/benchmarks/bombs.py` prints the table of docs/benchmarks.md. The files are made when asked for.
"""

from __future__ import annotations

import gzip
import io
import json
import multiprocessing
import resource
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import zstandard

ROOT: Final = Path(__file__).parents[2]
ZEROS: Final = bytes(1 << 20)
ENTITIES: Final = "".join(
    f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(10)
)  # fmt: skip
OAI: Final = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>{}</ListRecords></OAI-PMH>'


def _gzip(megabytes: int, piece: bytes = ZEROS, before: bytes = b"") -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(before)
        for _ in range(megabytes):
            file.write(piece)
    return packed.getvalue()


def _zstd(megabytes: int) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join(packer.compress(ZEROS) for _ in range(megabytes)) + packer.flush()


def _tar(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            member.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _holes(members: int, size: int) -> bytes:
    """Files that are nothing but one hole, in the old form of GNU tar."""
    member = tarfile.TarInfo("0000-0001-2345-6789.xml")
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    # The hole begins at 0 and the file ends with it: one piece of data without bytes, and the real size.
    header[386:410], header[483:495] = b"%011o\0%011o\0" % (size, 0), b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) * members + bytes(1024)


def _described(size: int) -> bytes:
    """The header of a member's name that is as long."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, size
    return member.tobuf(tarfile.GNU_FORMAT)


def _zip(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("dump.json", "w") as file:
        for _ in range(megabytes):
            file.write(ZEROS)
    return packed.getvalue()


BOMBS: Final[dict[str, tuple[str, str, Callable[[], bytes]]]] = {
    "gzip of 500 MB of zeros": ("jsonl", "bomb.jsonl.gz", lambda: _gzip(500)),
    "gzip of 100 MB of zeros, as XML": ("dblp", "bomb.xml.gz", lambda: _gzip(100)),
    "gzip of 500 MB of blank lines": ("openalex", "bomb.jsonl.gz", lambda: _gzip(500, b"\n" * (1 << 20))),
    "gzip of 100 MB, as BibTeX": ("bibtex", "bomb.bib.gz", lambda: _gzip(100)),
    "gzip in gzip": ("jsonl", "bomb.jsonl.gz", lambda: gzip.compress(_gzip(100))),
    "Zstandard of 500 MB of zeros": ("jsonl", "bomb.jsonl.zst", lambda: _zstd(500)),
    "tar with a member of 100 MB": ("orcid", "bomb.tar.gz", lambda: _tar(("0000-0001-2345-6789.xml", bytes(100 << 20)))),
    "tar in tar": ("orcid", "bomb.tar.gz", lambda: _tar(("a.tar.gz", _tar(("b.xml", bytes(1 << 20)))))),
    "tar of 10,001 empty members": ("orcid", "bomb.tar.gz", lambda: _tar(*((f"{n}.xml", b"") for n in range(10_001)))),
    "tar with ../ in names": ("orcid", "bomb.tar.gz", lambda: _tar(("../../../../tmp/researchgraph-escaped", b"<record/>"))),
    "tar with a link to /etc/passwd": (
        "orcid", "bomb.tar.gz", lambda: _tar(("a.xml", b""), kind=tarfile.SYMTYPE, link="/etc/passwd"),
    ),
    "tar of 2,000 files with holes of 60 MB": ("orcid", "bomb.tar.gz", lambda: gzip.compress(_holes(2_000, 60 << 20))),
    "tar with a name of 500 MB": ("orcid", "bomb.tar.gz", lambda: _gzip(500, before=_described(500 << 20))),
    "ZIP of 500 MB": ("ror", "dump.zip", lambda: _zip(500)),
    "ZIP archive": ("jsonl", "bomb.jsonl", lambda: b"PK\x03\x04" + bytes(1 << 20)),
    "XML, ten levels of entities": (
        "oai", "bomb.xml", f'<!DOCTYPE r [<!ENTITY e0 "lol">{ENTITIES}]>{OAI.format("&e10;")}'.encode,
    ),
    "XML, one long entity 100,000 times": (
        "oai", "bomb.xml",
        f'<!DOCTYPE r [<!ENTITY e "{"x" * 100_000}">]>{OAI.format("&e;" * 100_000)}'.encode,
    ),
    "XML, the same with a known document type": (
        "dblp", "bomb.xml",
        (
            f'<!DOCTYPE dblp SYSTEM "dblp.dtd" [<!ENTITY e "{"x" * 100_000}">]><dblp><article key="a/b/c">'
            f"<author>Ada</author><title>{'&e;' * 100_000}</title></article></dblp>"
        ).encode,
    ),
    "XML, 200,000 levels": ("oai", "bomb.xml", lambda: OAI.format("<a>" * 200_000 + "</a>" * 200_000).encode()),
    "XML, a name of 10 MB": ("oai", "bomb.xml", lambda: OAI.format("<" + "a" * 10_000_000 + "/>").encode()),
    "XML, an attribute of 20 MB": ("oai", "bomb.xml", lambda: OAI.format(f'<record a="{"a" * 20_000_000}"/>').encode()),
    "JSON, 200,000 levels": ("jsonl", "bomb.jsonl", lambda: b"[" * 200_000 + b"]" * 200_000),
    "JSON, 200,000 levels in a list": ("crossref", "bomb.json", lambda: b"[" * 200_000 + b"]" * 200_000),
    "JSON, a string of 10 MB": (
        "jsonl", "bomb.jsonl",
        lambda: json.dumps({"source_id": "t", "title": "x" * 10_000_000, "authors": [{"name": "Ada"}]}).encode(),
    ),
    "JSON, a number of 10 MB": ("jsonl", "bomb.jsonl", lambda: b'{"source_id": "t", "year": ' + b"9" * 10_000_000 + b"}"),
    "BibTeX, 200,000 braces": ("bibtex", "bomb.bib", lambda: b"@article{a, title = " + b"{" * 200_000),
    "RIS, a line of 10 MB": ("ris", "bomb.ris", lambda: b"TY  - JOUR\nTI  - " + b"x" * 10_000_000 + b"\nER  - \n"),
}  # fmt: skip
"""By what it is: the source that is to read it, the name of the file, and what makes it."""


def refuse(source: str, path: Path) -> dict[str, Any]:
    """Read and parse a file in this process: the reason it, or its first refused record, was refused for; seconds, those
    of work of the processor, and megabytes.
    """
    from researchgraph.errors import RecordRejected, SourceUnavailable
    from works.sources import registry

    reader = registry.get(source)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, worked = time.perf_counter(), time.process_time()
    reason, good = "", 0
    try:
        for raw in reader.read(path):
            try:
                if not raw.problem:
                    reader.parse(raw)
                    good += 1
                reason = reason or raw.problem
            except RecordRejected as rejected:
                reason = reason or str(rejected)
    except SourceUnavailable as refused:
        reason = reason or str(refused)
    return {
        "reason": reason[:300],
        "good": good,
        "seconds": round(time.perf_counter() - started, 2),
        "cpu": round(time.process_time() - worked, 2),
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
    }


def _make(name: str, path: Path) -> None:
    path.write_bytes(BOMBS[name][2]())


def measured() -> Iterator[dict[str, Any]]:
    """What `refuse` finds, with the bomb's `name`, each in a process of its own."""
    one = multiprocessing.get_context("fork")
    from works.sources import registry

    # What it takes to load the readers is none of the bombs'.
    registry.sources()
    for name, (source, file, _) in BOMBS.items():
        with tempfile.TemporaryDirectory() as folder, one.Pool(1, maxtasksperchild=1) as pool:
            path = Path(folder, file)
            pool.apply(_make, (name, path))
            found = pool.apply(refuse, (source, path))
            yield {"name": name, **found, "reason": found["reason"].replace(f"{folder}/", "")}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if "--json" in sys.argv:
        for found in measured():
            print(json.dumps(found), flush=True)
    else:
        print("| file | read as | CPU (s) | clock (s) | grew by (MB) | refused because |")
        print("|---|---|---:|---:|---:|---|")
        for found in measured():
            reason = found["reason"][:100].replace("|", "\\|") or "no record in it"
            print(
                f"| {found['name']} | {BOMBS[found['name']][0]} | {found['cpu']} | {found['seconds']} | "
                f"{found['megabytes']} | {reason} |",
                flush=True,
            )
