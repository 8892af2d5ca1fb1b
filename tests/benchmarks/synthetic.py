"""Works that never were, shaped like real ones, in any number: the input of the benchmarks.

People work in laboratories of about eight, write with their own laboratory most of the time, and a few of them
write most of the works. Family names follow a power law, so some name blocks are crowded. The same number and
seed always give the same file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

SYLLABLES = "ba be bi bo da de di do fa fe ga ge ha he ja ka ke ki ko la le li lo ma me mi mo na ne ni no".split()
FIRST_YEAR, LAST_YEAR = 1996, 2025
LABORATORY = 8
WORKS_A_PERSON = 0.9
"""Works over people: in the conference corpus this was first tried on there are 0.85 (docs/benchmarks.md)."""
CROWD = 60
"""Authors of one work in a thousand."""


def write(path: Path, works: int, *, seed: int = 1) -> None:
    """Write `works` lines of the interchange format."""
    with path.open("wb") as file:
        for line in lines(works, seed=seed):
            file.write(line)


def lines(works: int, *, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311 - a benchmark, not a secret
    families = [_word(chance, 2, 4).title() for _ in range(4_000 + works // 100)]
    common = list(accumulate(1 / (rank + 10) for rank in range(len(families))))
    given = [_word(chance, 2, 3).title() for _ in range(1_500)]
    vocabulary = [_word(chance, 2, 4) for _ in range(4_000)]
    keywords = [" ".join(chance.choices(vocabulary, k=2)) for _ in range(2_000)]
    venues = [f"Conference on {_word(chance, 3, 4).title()}" for _ in range(60)]
    people = [
        f"{chance.choice(given)} {family}"
        for family in chance.choices(families, cum_weights=common, k=max(LABORATORY, int(works / WORKS_A_PERSON)))
    ]
    laboratories = [people[start : start + LABORATORY] for start in range(0, len(people), LABORATORY)]
    encode = msgspec.json.Encoder().encode
    for number in range(works):
        # The square makes the early laboratories the prolific ones.
        home = int(chance.random() ** 2 * len(laboratories))
        members = laboratories[home]
        size = CROWD if chance.random() < 0.001 else 1 + min(int(chance.expovariate(0.3)), 14)
        authors = chance.sample(members, min(size, len(members)))
        authors += chance.sample(people, size - len(authors)) if size > len(authors) else []
        if chance.random() < 0.2:
            authors.append(chance.choice(people))
        work: dict[str, Any] = {
            "source_id": f"synthetic/{seed}/{number}",
            "title": " ".join(chance.choices(vocabulary, k=7)).capitalize(),
            "venue": chance.choice(venues),
            "year": FIRST_YEAR + int(chance.random() ** 0.5 * (LAST_YEAR - FIRST_YEAR + 1)),
            "keywords": chance.sample(keywords, 3),
            "authors": [
                {"name": name, "affiliation": f"{families[(home * 7) % len(families)]} University"}
                for name in dict.fromkeys(authors)
            ],
        }
        if chance.random() < 0.6:
            work["doi"] = f"10.5555/synthetic.{seed}.{number}"
        yield encode(work) + b"\n"


def _word(chance: random.Random, shortest: int, longest: int) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.randint(shortest, longest)))
