"""Choose the bundled demonstration records from a data folder: `uv run python -m works.demo.build FOLDER`.

The folder holds `papers.jsonl.zst` (the interchange format) and `seed_authors.json` (two authors, their works,
their co-authors with a judgement how many people share each name). Bibliographic facts only: no abstract, no
e-mail address and no home page is copied. The same folder gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

from researchgraph.lib import streams
from researchgraph.lib.text import fold

OUTPUT: Final = Path(__file__).with_name("works.jsonl")
SIZE_LIMIT: Final = 1_500_000
PER_COAUTHOR: Final = 7
"""Works taken for one co-author of low homonym risk, besides those shared with another co-author."""

WORK_FIELDS: Final = (
    "source",
    "source_id",
    "title",
    "type",
    "venue",
    "venue_key",
    "year",
    "date",
    "track",
    "status",
    "keywords",
    "categories",
    "doi",
    "arxiv",
    "openreview_forum",
    "identifiers",
    "github",
    "site",
    "pdf",
    "authors_truncated",
)
AUTHOR_FIELDS: Final = (
    "name",
    "affiliation",
    "openreview_id",
    "orcid",
    "dblp",
    "google_scholar",
    "ieee_author_id",
    "acl_person_id",
)

SOUPS: Final = "2203.05482"
SOUPS_CODE: Final = "mlfoundations/model-soups"

Record = dict[str, Any]


def main(folder: Path, output: Path = OUTPUT) -> int:
    """Write the records of the data in `folder` to `output`; how many they are."""
    seeds = json.loads((folder / "seed_authors.json").read_bytes())
    chosen = _seed_records(seeds)
    for identifier in _neighbours(seeds):
        chosen.setdefault(identifier, {"source_id": identifier})
    _fill_in(chosen, folder / "papers.jsonl.zst")
    _complete_soups(chosen)
    records = sorted((_facts(record) for record in chosen.values()), key=lambda record: record["source_id"])
    text = "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records)
    if len(text.encode()) > SIZE_LIMIT:
        message = f"The demonstration records take {len(text.encode()):,} bytes, more than {SIZE_LIMIT:,}."
        raise ValueError(message)
    output.write_text(text, encoding="utf-8", newline="\n")
    return len(records)


def _seed_records(seeds: Record) -> dict[str, Record]:
    """All works of both seed authors; those read off citations get an id that says what they are."""
    chosen: dict[str, Record] = {}
    for seed in seeds["seeds"].values():
        for stated in seed["records"]:
            record = {**stated, "authors": [{"name": name} for name in stated["authors"]]}
            if stated["source"] == "acl_anthology":
                anthology = stated["source_id"].removeprefix("acl:")
                record |= {"source_id": f"acl/{anthology}", "venue": "ACL", "venue_key": "acl2021"}
                record["identifiers"] = {"acl": anthology}
            elif stated["source"] != "paperlists":
                record |= {"source": "bibtex", "source_id": f"bibtex/{stated.get('arxiv') or stated['doi']}"}
            if record["venue"] == "Science":
                record["type"] = "journal"
            chosen[record["source_id"]] = record
    return chosen


def _neighbours(seeds: Record) -> list[str]:
    """Works of co-authors, so chosen that a namesake hardly slips in.

    A work on which two co-authors of the seeds meet is taken whatever their names; one with a single co-author
    only if that name is rare, and then the latest few of each.
    """
    risk = {fold(coauthor["name_norm"]).replace(" ", ""): coauthor["homonym_risk"] for coauthor in seeds["coauthors"]}
    taken: list[str] = []
    counts: Counter[str] = Counter()
    for record in sorted(seeds["coauthor_records"], key=lambda r: (-r["year"], r["source_id"])):
        names = [fold(record["authors"][position]).replace(" ", "") for position in record["coauthor_positions"]]
        rare = [name for name in names if risk.get(name) == "low"]
        if len(names) > 1:
            taken.append(record["source_id"])
        elif rare and counts[rare[0]] < PER_COAUTHOR:
            counts[rare[0]] += 1
            taken.append(record["source_id"])
    return taken


def _fill_in(chosen: dict[str, Record], corpus: Path) -> None:
    """Replace what the corpus knows in full: affiliations, identifiers, keywords, links."""
    for line in streams.lines(corpus):
        identifier = json.loads(line.content)["source_id"]
        if identifier in chosen:
            chosen[identifier] = {**chosen[identifier], **json.loads(line.content)}
    unknown = [identifier for identifier, record in chosen.items() if "title" not in record]
    if unknown:
        message = f"Not in the corpus: {unknown[:5]}"
        raise ValueError(message)


def _complete_soups(chosen: dict[str, Record]) -> None:
    """The preprint of "Model soups" with all its authors: the citation it was read from stops after ten."""
    published = next(r for r in chosen.values() if r["title"].startswith("Model soups") and r["venue"] == "ICML")
    published["github"] = SOUPS_CODE
    preprint = chosen[f"bibtex/{SOUPS}"]
    preprint |= {
        "title": published["title"],
        "authors": [{"name": author["name"]} for author in published["authors"]],
        "categories": ["cs.LG"],
        "date": "2022-03-10",
        "github": SOUPS_CODE,
        "site": f"https://arxiv.org/abs/{SOUPS}",
        "pdf": f"https://arxiv.org/pdf/{SOUPS}",
        "authors_truncated": False,
    }


def _facts(record: Record) -> Record:
    """The record with the fields we publish, empty ones left out, in a fixed order."""
    facts = {field: record[field] for field in WORK_FIELDS if record.get(field)}
    facts["authors"] = [
        {field: author[field] for field in AUTHOR_FIELDS if author.get(field) and "@" not in author[field]}
        for author in record["authors"]
    ]
    return facts


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]))} records\n")
