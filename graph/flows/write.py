"""Replace the derived rows of a batch of researchers: delete by researcher, COPY in. Called by recompute only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from graph import trust_model
from graph.flows.derive import Derived
from researchgraph.lib import bulk
from researchgraph.lib.text import fold

TABLES = (
    "profiles_researchername", "profiles_nametoken", "profiles_researcheridentifier", "profiles_affiliation",
    "graph_researchertopic", "graph_egographsnapshot", "graph_profilesnapshot", "graph_coauthoredge", "graph_trustsnapshot",
    "graph_surroundings",
)  # fmt: skip
"""All derived tables."""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def replace(derived: Sequence[Derived], *, causes: dict[int, str], model: trust_model.Model) -> None:
    """Store the rows of these researchers in place of what they had; `model` is what their receipts were computed with."""
    ids = [d.researcher_id for d in derived]
    before = _seen_by_others(ids)
    _replace("profiles_researchername", ids, ("name", "search_key", "bylines"), (
        (d.researcher_id, name, fold(name), n) for d in derived for name, n in d.names
    ))  # fmt: skip
    _replace("profiles_nametoken", ids, ("token",), (
        (d.researcher_id, token) for d in derived for token in sorted({t for name in d.found_by for t in fold(name).split()})
    ))  # fmt: skip
    _replace("profiles_researcheridentifier", ids, ("scheme", "value", "bylines"), (
        (d.researcher_id, *row) for d in derived for row in d.identifiers
    ))  # fmt: skip
    _replace("profiles_affiliation", ids, ("institution_id", "first_year", "last_year", "works"), (
        (d.researcher_id, *row) for d in derived for row in d.affiliations
    ))  # fmt: skip
    _replace("graph_researchertopic", ids, ("topic_id", "works", "first_year", "last_year"), (
        (d.researcher_id, *row) for d in derived for row in d.topics
    ))  # fmt: skip
    _replace("graph_egographsnapshot", ids, ("data",), ((d.researcher_id, _json(d.ego)) for d in derived))
    _replace("graph_profilesnapshot", ids, ("data",), ((d.researcher_id, _json(d.profile)) for d in derived))
    _replace_edges(ids, derived)
    _write_receipts(derived, causes, model)
    _write_counters(derived)
    if _seen_by_others(ids) != before:
        bulk.run("INSERT INTO graph_stalesurroundings DEFAULT VALUES")


def _replace(table: str, ids: Sequence[int], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    bulk.run(f"DELETE FROM {table} WHERE researcher_id = ANY(%s)", [list(ids)])  # noqa: S608 - table names are ours
    bulk.copy_rows(table, ("researcher_id", *columns), rows)


def _replace_edges(ids: Sequence[int], derived: Sequence[Derived]) -> None:
    """A pair's row belongs to the researcher with the smaller key, so no two batches ever write the same row.

    Whatever changes a pair makes both of its researchers stale, so the owner is always recomputed too.
    """
    bulk.run("DELETE FROM graph_coauthoredge WHERE a_id = ANY(%s)", [list(ids)])
    bulk.copy_rows(
        "graph_coauthoredge",
        ("a_id", "b_id", "weight", "works", "first_year", "last_year", "recent"),
        ((d.researcher_id, *edge) for d in derived for edge in d.edges if edge[0] > d.researcher_id),
    )


def _seen_by_others(ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """What names everything of these researchers that the receipts of others depend on, whatever the order of rows."""
    return bulk.fetch(
        """
        SELECT count(*), sum(hash_record_extended((a_id, b_id, weight), 0)) FROM graph_coauthoredge WHERE a_id = ANY(%s)
        UNION ALL
        SELECT count(*), sum(hash_record_extended((researcher_id, value), 0)) FROM profiles_researcheridentifier
         WHERE scheme = 'orcid' AND researcher_id = ANY(%s)
        """,
        [list(ids), list(ids)],
    )


def _write_receipts(derived: Sequence[Derived], causes: dict[int, str], model: trust_model.Model) -> None:
    """A new receipt only where the inputs differ from those of the current one; the old ones are the history."""
    current = dict(bulk.fetch(
        "SELECT researcher_id, inputs_hash FROM graph_trustsnapshot WHERE current AND researcher_id = ANY(%s)",
        [[d.researcher_id for d in derived]],
    ))  # fmt: skip
    changed = [d for d in derived if current.get(d.researcher_id) != d.receipt.inputs_hash]
    replaced = [d.researcher_id for d in changed if d.researcher_id in current]
    if changed:
        _keep_model(model)
    if replaced:
        bulk.run("UPDATE graph_trustsnapshot SET current = false WHERE current AND researcher_id = ANY(%s)", [replaced])
    bulk.copy_rows(
        "graph_trustsnapshot",
        ("researcher_id", "score", "inputs", "model_version", "inputs_hash", "cause"),
        (
            (
                d.researcher_id,
                d.receipt.score,
                _json(d.inputs),
                d.receipt.model_version,
                d.receipt.inputs_hash,
                causes.get(d.researcher_id, ""),
            )
            for d in changed
        ),
    )


def _keep_model(model: trust_model.Model) -> None:
    """The weights stay known as long as a receipt names them."""
    bulk.run(
        "INSERT INTO graph_trustmodel (version, weights) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [model.version, trust_model.encode(model.weights)],
    )


def _write_counters(derived: Sequence[Derived]) -> None:
    rows = [(d.researcher_id, d.level, d.works, d.first_year, d.last_year) for d in derived]
    bulk.run(
        """
        UPDATE profiles_researcher r
           SET verification_level = n.level, works_count = n.works, first_year = n.first_year, last_year = n.last_year
          FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[]) AS n(id, level, works, first_year, last_year)
         WHERE r.id = n.id
           AND (r.verification_level, r.works_count, r.first_year, r.last_year)
               IS DISTINCT FROM (n.level, n.works, n.first_year, n.last_year)
        """,
        [list(column) for column in zip(*rows, strict=True)],
    )
