"""Whole imports for tests: records in a file, the command that imports them, and everything that is stored afterwards."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction

RUNS = {"works_importrun", "works_importchunk"}
"""What says how records arrived, and may differ where facts may not."""

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><title>arXiv Query</title>{}</feed>
"""
ENTRY = """<entry><id>http://arxiv.org/abs/{arxiv}v1</id><title>{title}</title><summary>We stir.</summary>
<published>2021-11-05T00:00:00Z</published><arxiv:primary_category term="cs.LG"/>{authors}</entry>
"""
AUTHOR = "<author><name>{}</name></author>"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command printed, and the exit status a shell would see."""

    out: str
    err: str
    status: int


def work(source_id: str, title: str, *authors: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One record of the interchange format; an author is a name or a whole author object."""
    named = [{"name": author} if isinstance(author, str) else author for author in authors]
    return {"source_id": source_id, "title": title, "authors": named, "year": 2022, **fields}


def line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def write(path: Path, records: Iterable[dict[str, Any] | bytes]) -> Path:
    """A file of the records; bytes go in as they are."""
    path.write_bytes(b"".join(record if isinstance(record, bytes) else line(record) for record in records))
    return path


def feed(path: Path, *entries: tuple[str, str, tuple[str, ...]]) -> Path:
    """A saved answer of arXiv; an entry is an identifier, a title and the authors."""
    path.write_text(FEED.format("".join(
        ENTRY.format(arxiv=arxiv, title=title, authors="".join(AUTHOR.format(name) for name in names))
        for arxiv, title, names in entries
    )), encoding="utf-8")  # fmt: skip
    return path


def importworks(query: Path | str, *, source: str = "jsonl", **options: Any) -> Outcome:
    """Run `importworks` as a shell would, but in this process."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("importworks", source, str(query), stdout=out, stderr=err, **options)
    except CommandError as error:
        return Outcome(out.getvalue(), f"{err.getvalue()}{error}", error.returncode)
    return Outcome(out.getvalue(), err.getvalue(), 0)


def untouched() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but those about runs, with its place on disk: a rewritten row is another one."""
    found = {}
    with connection.cursor() as cursor:
        for label in ("profiles", "works", "graph"):
            for model in apps.get_app_config(label).get_models():
                table = model._meta.db_table
                if table not in RUNS:
                    cursor.execute(f'SELECT ctid::text, md5(t::text) FROM "{table}" t ORDER BY 1')  # noqa: S608
                    found[table] = cursor.fetchall()
    return found


RECORDS = "SELECT source, key, sha256, rejected_code, rejected_field FROM works_sourcerecord"
WORKS = """
    SELECT w.public_id, w.title, w.title_html, w.slug, w.abstract, w.type, w.year, w.date, w.author_count,
           w.authors_truncated, w.author_keys, w.source_count, w.version_label, w.code_url, w.provenance::text, v.key,
           ARRAY(SELECT scheme || ':' || value FROM works_workidentifier i WHERE i.work_id = w.id ORDER BY 1),
           ARRAY(SELECT concat_ws('/', kind, year, date, status, track, sources) FROM works_workversion o
                  WHERE o.work_id = w.id ORDER BY 1),
           ARRAY(SELECT t.key FROM works_worktopic o JOIN works_topic t ON t.id = o.topic_id
                  WHERE o.work_id = w.id ORDER BY 1),
           ARRAY(SELECT source || ':' || key FROM works_sourcerecord s WHERE s.work_id = w.id ORDER BY 1)
      FROM works_work w LEFT JOIN works_venue v ON v.id = w.venue_id WHERE NOT w.undone
"""
BYLINES = """
    SELECT w.public_id, a.position, a.raw_name, a.raw_affiliation, a.identifiers::text, who.name, a.kind, a.confidence,
           ARRAY(SELECT i.key FROM profiles_institution i WHERE i.id = ANY(a.institutions) ORDER BY 1),
           ARRAY(SELECT e ->> 'kind' || coalesce(i.key, e ->> 'value', '')
                   FROM jsonb_array_elements(a.evidence) WITH ORDINALITY AS stored(e, place)
                   LEFT JOIN profiles_institution i
                          ON e ->> 'kind' IN ('affiliation', 'distinct-affiliation') AND i.id::text = e ->> 'value'
                  ORDER BY place)
      FROM works_authorship a JOIN works_work w ON w.id = a.work_id LEFT JOIN who ON who.id = a.researcher_id
"""
RESEARCHERS = """
    SELECT who.name, r.display_name, r.sort_name, r.slug, r.name_key, r.block_key, r.verification_level, r.works_count,
           r.first_year, r.last_year, t.score, t.inputs::text,
           ARRAY(SELECT name || '=' || bylines FROM profiles_researchername n WHERE n.researcher_id = r.id ORDER BY 1),
           ARRAY(SELECT scheme || ':' || value FROM profiles_researcheridentifier i WHERE i.researcher_id = r.id ORDER BY 1),
           ARRAY(SELECT concat_ws('/', i.key, f.first_year, f.last_year, f.works) FROM profiles_affiliation f
                   JOIN profiles_institution i ON i.id = f.institution_id WHERE f.researcher_id = r.id ORDER BY 1),
           ARRAY(SELECT concat_ws('/', i.key, f.first_year, f.last_year, f.works) FROM graph_researchertopic f
                   JOIN works_topic i ON i.id = f.topic_id WHERE f.researcher_id = r.id ORDER BY 1)
      FROM profiles_researcher r JOIN who ON who.id = r.id
      LEFT JOIN graph_trustsnapshot t ON t.researcher_id = r.id AND t.current
     WHERE r.merged_into_id IS NULL
"""
EDGES = """
    SELECT least(a.name, b.name), greatest(a.name, b.name), e.weight, e.works, e.first_year, e.last_year, e.recent
      FROM graph_coauthoredge e JOIN who a ON a.id = e.a_id JOIN who b ON b.id = e.b_id
"""
WHO_BY_ID = "SELECT id, public_id AS name FROM profiles_researcher"
WHO_BY_WORKS = """
    SELECT a.researcher_id AS id, string_agg(w.public_id || '#' || a.position, ' ' ORDER BY w.public_id, a.position) AS name
      FROM works_authorship a JOIN works_work w ON w.id = a.work_id GROUP BY 1
"""


def stored(*, ids: bool = True) -> dict[str, list[str]]:
    """What the collection says, by natural keys, without the numbers and times that depend on when it came.

    Without `ids`, researchers are named by the bylines they hold instead of by their public ids; those who hold none
    any more are left out.
    """
    tables = {"records": RECORDS, "works": WORKS, "bylines": BYLINES, "researchers": RESEARCHERS, "edges": EDGES}
    found = {}
    with connection.cursor() as cursor:
        for name, query in tables.items():
            cursor.execute(f"WITH who AS MATERIALIZED ({WHO_BY_ID if ids else WHO_BY_WORKS}) {query}")
            found[name] = sorted(repr(row) for row in cursor.fetchall())
    return found


INSTITUTIONS = """
    SELECT i.public_id, i.key, i.name, ARRAY(SELECT text FROM profiles_institutionspelling s WHERE s.institution_id = i.id ORDER BY 1)
      FROM profiles_institution i
"""
TOPICS = "SELECT public_id, kind, key, label, code, slug FROM works_topic UNION ALL SELECT '', 'venue', key, name, '', '' FROM works_venue"
TOKENS = "SELECT who.name, t.token FROM profiles_nametoken t JOIN who ON who.id = t.researcher_id"
QUESTIONS = """
    SELECT q.kind, q.block_key, ARRAY(SELECT name FROM who WHERE id = ANY(q.records) ORDER BY 1) FROM profiles_review q
    UNION ALL
    SELECT q.kind, w.public_id, ARRAY(SELECT o.public_id FROM works_work o WHERE o.id = ANY(q.candidates) ORDER BY 1)
      FROM works_review q LEFT JOIN works_work w ON w.id = q.work_id
"""
SUMMARIES = """
    SELECT who.name, p.data::jsonb - ARRAY['names', 'as_of', 'affiliations', 'topics'], g.data::jsonb - ARRAY['people', 'ties']
      FROM who JOIN graph_profilesnapshot p ON p.researcher_id = who.id
      JOIN graph_egographsnapshot g ON g.researcher_id = who.id
     WHERE EXISTS (SELECT FROM works_authorship a WHERE a.researcher_id = who.id)
"""


def everything(*, ids: bool = True) -> dict[str, list[str]]:
    """Everything that follows from the records: `stored`, and what is looked up, asked and summed up."""
    found = stored(ids=ids)
    more = {
        "institutions": INSTITUTIONS, "topics": TOPICS, "tokens": TOKENS, "questions": QUESTIONS, "summaries": SUMMARIES,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for name, query in more.items():
            cursor.execute(f"WITH who AS MATERIALIZED ({WHO_BY_ID if ids else WHO_BY_WORKS}) {query}")
            found[name] = sorted(repr(row) for row in cursor.fetchall())
    return found


def fingerprint(*, ids: bool = True) -> str:
    """One hash over `everything`: equal hashes, equal collections."""
    return hashlib.sha256(json.dumps(everything(ids=ids), sort_keys=True).encode()).hexdigest()


def clear() -> None:
    """Empty every table of facts, derived rows and runs."""
    models = [model for label in ("profiles", "works", "graph") for model in apps.get_app_config(label).get_models()]
    with transaction.atomic(), connection.cursor() as cursor:
        # What still waits to be checked would hold the tables.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("TRUNCATE " + ", ".join(f'"{model._meta.db_table}"' for model in models))


DERIVED = (
    "graph_coauthoredge", "graph_researchertopic", "graph_egographsnapshot", "graph_profilesnapshot", "graph_trustsnapshot",
    "profiles_researchername", "profiles_nametoken", "profiles_researcheridentifier", "profiles_affiliation",
    "profiles_researcher",
)  # fmt: skip


def derived() -> dict[str, list[str]]:
    """Every row that is made from facts, without its key and the time it was made."""
    found = {}
    with connection.cursor() as cursor:
        for table in DERIVED:
            key = "''" if table == "profiles_researcher" else "'id'"
            cursor.execute(f"SELECT (to_jsonb(t) - {key} - 'computed_at')::text FROM {table} t ORDER BY 1")  # noqa: S608
            found[table] = [row[0] for row in cursor.fetchall()]
    return found
