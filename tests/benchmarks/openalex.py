"""Loading records in OpenAlex's form, against the floor, COPY of the same rows, and another loader of the same files.

    uv run python tests/benchmarks/openalex.py --works 20000 [--peer FOLDER] [--rounds 3] [--json FILE]

FOLDER is a checkout of OpenAlex's own scripts for PostgreSQL (flatten-openalex-jsonl.py, openalex-pg-schema.sql,
copy-openalex-csv.sql): they flatten a snapshot into CSV and COPY that into tables without keys. The works are those of
`synthetic.py` in the form of the snapshot, with everything a real record carries. In every round each loads a part
that no other round has, one after the other, on one PostgreSQL; so nobody has the warmer cache. Seconds are of one process.
What the figures mean and what they were: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.benchmarks import synthetic  # noqa: E402 - the checkout is not installed as a package
from tests.benchmarks.engines import engines  # noqa: E402

REFERENCES, RELATED, CONCEPTS = 25, 10, 8
FLATTEN = "import importlib, sys; sys.path.insert(0, sys.argv[1]); importlib.import_module('flatten-openalex-jsonl').flatten_works()"
COPY = re.compile(r"\\copy (openalex\.works\w*) (\(.*?\)) from program 'gunzip -c (csv-files/\S+)'")


def snapshot_lines(works: int) -> Iterator[bytes]:
    """Synthetic works, each with the fields and about the size of a record of the snapshot."""
    encode = msgspec.json.Encoder().encode
    for number, line in enumerate(synthetic.lines(works, seed=1)):
        yield encode(_openalex(number, msgspec.json.decode(line))) + b"\n"


def _place(name: str) -> str:
    return f"https://openalex.org/I{zlib.crc32(name.encode())}"


def _openalex(number: int, work: dict[str, Any]) -> dict[str, Any]:
    key, year = f"https://openalex.org/W{4_000_000_000 + number}", work["year"]
    doi = f"https://doi.org/{work['doi']}" if "doi" in work else None
    words = work["title"].split() * 12
    source = {
        "id": f"https://openalex.org/S{zlib.crc32(work['venue'].encode())}", "display_name": work["venue"], "issn_l": None,
        "issn": None, "is_oa": False, "is_in_doaj": False, "host_organization": None, "host_organization_name": None,
        "type": "conference",
    }  # fmt: skip
    location = {
        "is_oa": False, "landing_page_url": doi or key, "pdf_url": None, "source": source, "license": None,
        "version": "publishedVersion", "is_accepted": True, "is_published": True,
    }  # fmt: skip
    last = len(work["authors"]) - 1
    return {
        "id": key, "doi": doi, "title": work["title"], "display_name": work["title"], "publication_year": year,
        "publication_date": f"{year}-06-01", "ids": {"openalex": key, **({"doi": doi} if doi else {})}, "language": "en",
        "primary_location": location, "locations": [location], "best_oa_location": None, "type": "article",
        "type_crossref": "proceedings-article", "indexed_in": ["crossref"],
        "open_access": {"is_oa": False, "oa_status": "closed", "oa_url": None, "any_repository_has_fulltext": False},
        "authorships": [
            {
                "author_position": "first" if not at else "last" if at == last else "middle",
                "author": {
                    "id": f"https://openalex.org/A{5_000_000_000 + zlib.crc32(author['name'].encode())}",
                    "display_name": author["name"], "orcid": None,
                },
                "institutions": [
                    {
                        "id": _place(author["affiliation"]), "display_name": author["affiliation"], "ror": None,
                        "country_code": "US", "type": "education", "lineage": [_place(author["affiliation"])],
                    }
                ],
                "countries": ["US"], "is_corresponding": not at, "raw_author_name": author["name"],
                "raw_affiliation_strings": [author["affiliation"]],
                "affiliations": [
                    {
                        "raw_affiliation_string": author["affiliation"],
                        "institution_ids": [_place(author["affiliation"])],
                    }
                ],
            }
            for at, author in enumerate(work["authors"])
        ],
        "cited_by_count": number % 90, "biblio": {"volume": None, "issue": None, "first_page": "1", "last_page": "9"},
        "is_retracted": False, "is_paratext": False,
        "keywords": [
            {"id": f"https://openalex.org/keywords/{word.replace(' ', '-')}", "display_name": word, "score": 0.5}
            for word in work["keywords"]
        ],
        "concepts": [
            {
                "id": f"https://openalex.org/C{1_000 + (number + i) % 500}", "wikidata": f"https://www.wikidata.org/wiki/Q{i}",
                "display_name": f"Concept {i}", "level": 1, "score": 0.5,
            }
            for i in range(CONCEPTS)
        ],
        "topics": [], "mesh": [], "referenced_works_count": REFERENCES,
        "referenced_works": [f"https://openalex.org/W{(number * 31 + i * 7) % 10**9}" for i in range(REFERENCES)],
        "related_works": [f"https://openalex.org/W{(number * 17 + i * 3) % 10**9}" for i in range(RELATED)],
        "abstract_inverted_index": {word: [i] for i, word in enumerate(words)},
        "counts_by_year": [{"year": year + i, "cited_by_count": i} for i in range(4)],
        "cited_by_api_url": f"https://api.openalex.org/works?filter=cites:W{number}", "updated_date": "2024-01-01T00:00:00",
        "created_date": "2023-01-01",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--works", type=int, default=20_000, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=Path, help="a checkout of OpenAlex's own scripts")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    figures = _measure(options.works, options.rounds, options.peer and options.peer.resolve())
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _measure(works: int, rounds: int, peer: Path | None) -> dict[str, Any]:
    lines = snapshot_lines(works * rounds)
    found: list[dict[str, float]] = []
    with engines() as directory:
        from tests.benchmarks import importing

        if peer:
            _peer_tables(peer)
        for number in range(rounds):
            folder = directory / f"round-{number}"
            file = folder / "openalex-snapshot" / "data" / "works" / "updated_date=2024-01-01" / "part_000.gz"
            file.parent.mkdir(parents=True)
            with gzip.open(file, "wb", compresslevel=1) as packed:
                packed.writelines(islice(lines, works))
            figures = {"bytes_a_work": file.stat().st_size / works, "floor_s": _timed(_floor, file)}
            if peer:
                figures["peer_s"] = _timed(_peer, peer, folder)
            figures["load_s"] = _timed(_load, folder / "openalex-snapshot")
            found.append(figures)
        copied = importing.copy_seconds(importing.LOADED)
    middle = {name: round(statistics.median(figures[name] for figures in found), 3) for name in found[0]}
    summary = {"works_a_round": works, "rounds": found, "median": middle, "copy_of_all_rounds_s": round(copied, 2)}
    summary["load_ratio_to_copy"] = round(sum(figures["load_s"] for figures in found) / copied, 2)
    summary["works_a_second"] = round(works / middle["load_s"])
    if peer:
        summary["times_as_fast_as_peer"] = round(middle["peer_s"] / middle["load_s"], 2)
    return summary


def _timed(what: Any, *arguments: Any) -> float:
    began = time.perf_counter()
    what(*arguments)
    return round(time.perf_counter() - began, 3)


def _floor(file: Path) -> None:
    """Unpack and decode: what nobody can do without."""
    decode = msgspec.json.Decoder().decode
    with gzip.open(file, "rb") as packed:
        for line in packed:
            decode(line)


def _load(folder: Path) -> None:
    from works import imports

    run = imports.start_run(source="openalex", query=str(folder))
    while not imports.advance(run):
        pass
    run.refresh_from_db()
    if run.state != "done" or run.quarantined:
        raise SystemExit(f"{run.state}: {run.quarantined} held back. {run.message}")


def _peer_tables(peer: Path) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute((peer / "openalex-pg-schema.sql").read_text(encoding="utf-8"))
        cursor.execute("SET search_path TO public")


def _peer(peer: Path, folder: Path) -> None:
    """Its flattening as it is, and its COPY through our connection: the same statements, without psql."""
    from django.db import connection

    subprocess.run([sys.executable, "-c", FLATTEN, str(peer)], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    statements = COPY.findall((peer / "copy-openalex-csv.sql").read_text(encoding="utf-8"))
    with connection.cursor() as cursor:
        for table, columns, name in statements:
            with (
                gzip.open(folder / name, "rb") as rows,
                cursor.copy(f"COPY {table} {columns} FROM STDIN (FORMAT csv, HEADER)") as copy,
            ):
                while piece := rows.read(1 << 20):
                    copy.write(piece)


if __name__ == "__main__":
    main()
