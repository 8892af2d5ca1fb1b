"""Compare the time to group mentions with that of Splink, on the same mentions and name blocks, in the same run.

    uv run --group linkage python tests/benchmarks/linkage_speed.py FOLDER [FOLDER ...] [--mentions 100000] [--times 3]

Folders hold `mentions.jsonl.gz`. Mentions are taken by whole name blocks, in the order of a hash, until there are enough;
smaller samples give the growth. Both get the same evidence and compare within the same blocks: names, co-authors,
institutions, domains, words of titles, venues and years. Splink estimates its parameters itself, which the shipped model
did before, and clusters at 0.9; reading the file is in neither time. Turns alternate. "Across blocks" is what
`manage.py disambiguate` does: it also joins blocks by spelling.
"""

from __future__ import annotations

import argparse
import logging
import resource
import statistics
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from profiles.assignment import partition  # noqa: E402 - the checkout is not installed as a package
from profiles.matching.candidates import relations_within  # noqa: E402
from profiles.matching.features import mention_words, telling_domains  # noqa: E402
from profiles.matching.files import read_mentions  # noqa: E402
from profiles.matching.linking import link  # noqa: E402
from profiles.matching.model import shipped  # noqa: E402
from profiles.matching.vocabulary import venue_series  # noqa: E402
from profiles.mentions import Mention  # noqa: E402
from profiles.names import block_key, loose_key, parse  # noqa: E402

SIZES = (10_000, 30_000)


def read(folders: Sequence[Path]) -> list[list[Mention]]:
    """The mentions of all folders by name block, in an order that means nothing; works and ids are unique."""
    blocks: dict[str, list[Mention]] = defaultdict(list)
    works = 0
    for folder in folders:
        mentions = read_mentions(folder / "mentions.jsonl.gz")
        for mention in mentions:
            moved = msgspec.structs.replace(
                mention, work=mention.work + works, sort_key=f"{folder.name} {mention.sort_key}"
            )
            blocks[f"{folder.name} {block_key(mention.name)}"].append(moved)
        works += 1 + max(mention.work for mention in mentions)
    return [blocks[key] for key in sorted(blocks, key=lambda key: (zlib.crc32(key.encode()), key))]


def sample(blocks: Sequence[Sequence[Mention]], size: int) -> list[Mention]:
    """Whole blocks until there are `size` mentions."""
    chosen: list[Mention] = []
    for block in blocks:
        if len(chosen) >= size:
            break
        chosen += block
    return [msgspec.structs.replace(mention, id=place) for place, mention in enumerate(chosen)]


def ours(mentions: Sequence[Mention]) -> int:
    """Group with the shipped model within name blocks; the number of people."""
    blocks: dict[str, list[int]] = defaultdict(list)
    for place, mention in enumerate(mentions):
        blocks[block_key(mention.name)].append(place)
    relations = relations_within([mentions[place].name_key for place in block] for block in blocks.values())
    return len(set(link(mentions, list(blocks.values()), relations, shipped()).labels.tolist()))


def across(mentions: Sequence[Mention]) -> int:
    """Group with the shipped model, across name blocks; the number of people."""
    return len(set(partition(mentions, shipped()).labels.tolist()))


def splink(mentions: Sequence[Mention]) -> int:
    """Group with Splink on DuckDB; the number of people."""
    import duckdb
    import splink.comparison_library as compare
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    rows = [_row(mention) for mention in mentions]
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE mention (unique_id BIGINT, block VARCHAR, given VARCHAR, family VARCHAR,"
        " coauthors VARCHAR[], institutions VARCHAR[], domains VARCHAR[], words VARCHAR[], venue VARCHAR, decade VARCHAR)"
    )
    connection.execute(
        f"INSERT INTO mention SELECT {', '.join(['unnest(?)'] * 10)}",
        [list(column) for column in zip(*rows, strict=True)],
    )
    api = DuckDBAPI(connection)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            compare.JaroWinklerAtThresholds("given", [0.95, 0.88]).configure(term_frequency_adjustments=True),
            compare.ArrayIntersectAtSizes("coauthors", [2, 1]),
            compare.ArrayIntersectAtSizes("institutions", [1]),
            compare.ArrayIntersectAtSizes("domains", [1]),
            compare.ArrayIntersectAtSizes("words", [3, 1]),
            compare.ExactMatch("venue"),
            compare.ExactMatch("decade"),
        ],
        blocking_rules_to_generate_predictions=[block_on("block")],
    )
    linker: Any = Linker(api.register("mention"), settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("block"))
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=0.9)
    return int(connection.execute(f"SELECT count(DISTINCT cluster_id) FROM {clusters.physical_name}").fetchall()[0][0])  # noqa: S608 - Splink's name


def _row(mention: Mention) -> tuple[Any, ...]:
    name = parse(mention.name)
    return (
        mention.id, block_key(mention.name), " ".join(name.given), " ".join(name.family),
        sorted({loose_key(key) for key in mention.coauthors}), list(mention.institutions),
        list(telling_domains(mention.domain)), list(mention_words(mention)), venue_series(mention.venue),
        str((mention.year or 0) // 10),
    )  # fmt: skip


def timed(function: Callable[[Sequence[Mention]], int], mentions: Sequence[Mention]) -> tuple[float, int]:
    started = time.perf_counter()
    people = function(mentions)
    return time.perf_counter() - started, people


def main() -> None:
    """Print times, ratios, growth and the worst block."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--mentions", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--alone", action="store_true", help="without Splink")
    options = parser.parse_args()
    blocks = read(options.folders)
    ours(sample(blocks, 500))  # reads the model and fills what is kept per process
    points = []
    for size in (*(size for size in SIZES if size < options.mentions), options.mentions):
        mentions = sample(blocks, size)
        mine: list[float] = []
        theirs: list[float] = []
        for _ in range(options.times):
            seconds, people = timed(ours, mentions)
            mine.append(seconds)
            if not options.alone:
                theirs.append(timed(splink, mentions)[0])
        median = statistics.median(mine)
        points.append((len(mentions), median))
        line = (
            f"{len(mentions):>8,} mentions, {people:,} people: {median:.1f} s ({', '.join(f'{s:.1f}' for s in mine)})"
        )
        if theirs:
            ratio = statistics.median(b / a for a, b in zip(mine, theirs, strict=True))
            line += f"; Splink {statistics.median(theirs):.1f} s, {ratio:.1f} times as long"
        print(line, flush=True)
        print(f"         across blocks: {timed(across, mentions)[0]:.1f} s", flush=True)
    sizes, seconds = np.log(np.array(points)).T
    print(f"growth exponent {np.polyfit(sizes, seconds, 1)[0]:.2f}")
    biggest = max(blocks, key=len)
    crowd = [
        msgspec.structs.replace(mention, id=copy * len(biggest) + place, work=mention.work + copy * 10_000_000)
        for copy in range(1 + 3_000 // len(biggest))
        for place, mention in enumerate(biggest)
    ]
    seconds_worst, _ = timed(ours, crowd)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"one block of {len(crowd):,} mentions: {seconds_worst:.1f} s; peak memory of the run {memory:,.0f} MB")


if __name__ == "__main__":
    main()
