"""How well works are matched: `uv run python tests/benchmarks/matching_quality.py`.

Prints precision and recall on the labeled pairs of tests/payloads/matching/pairs.jsonl, with their identifiers hidden from the
rule and with them, by what the truth rests on. What the rule leaves to a curator counts as not found. docs/matching.md has
the figures.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from profiles.names import block_key  # noqa: E402 - the checkout is not installed as a package
from researchgraph.lib.text import title_key  # noqa: E402
from works.ingest.match import Comparable, match  # noqa: E402
from works.records import Ambiguous, Matched  # noqa: E402

PAIRS = ROOT / "tests" / "payloads" / "matching" / "pairs.jsonl"


class Facts(msgspec.Struct, frozen=True):
    """What is known of one record."""

    source: str
    title: str
    authors: tuple[str, ...]
    kind: str
    year: int | None = None
    venue: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()

    def comparable(self, *, hidden: bool) -> Comparable:
        return Comparable(
            1,
            title_key(self.title),
            self.year,
            tuple(block_key(name) for name in self.authors),
            frozenset() if hidden else frozenset(self.identifiers),
            self.kind,
        )


class Pair(msgspec.Struct, frozen=True):
    """Two records, whether they are one work, and why that is so."""

    same: bool
    why: str
    a: Facts
    b: Facts


class Counted(msgspec.Struct):
    """Pairs by truth and outcome."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    right: int = 0
    asked: int = 0

    def add(self, *, same: bool, outcome: str) -> None:
        self.asked += outcome == "unknown"
        if same:
            self.found += outcome == "same"
            self.missed += outcome != "same"
        else:
            self.wrong += outcome == "same"
            self.right += outcome != "same"

    @property
    def precision(self) -> float:
        """Of the pairs decided to be one work, the share that are."""
        return self.found / max(self.found + self.wrong, 1)

    @property
    def recall(self) -> float:
        """Of the pairs that are one work, the share decided to be."""
        return self.found / max(self.found + self.missed, 1)


@cache
def pairs() -> tuple[Pair, ...]:
    return tuple(msgspec.json.decode(line, type=Pair) for line in PAIRS.read_bytes().splitlines())


def outcome(pair: Pair, *, hidden: bool) -> str:
    """The rule's answer: same, unknown or different. The same whichever record is the known one."""
    a, b = pair.a.comparable(hidden=hidden), pair.b.comparable(hidden=hidden)
    answers = {type(match(a, [b])), type(match(b, [a]))}
    if answers == {Matched}:
        return "same"
    return "unknown" if answers & {Matched, Ambiguous} else "different"


def measured(*, hidden: bool, why: str = "") -> Counted:
    """All pairs, or those whose truth rests on one thing."""
    counted = Counted()
    for pair in pairs():
        if not why or pair.why == why:
            counted.add(same=pair.same, outcome=outcome(pair, hidden=hidden))
    return counted


def main() -> None:
    for hidden in (True, False):
        all_of_them = measured(hidden=hidden)
        print(f"{'without' if hidden else 'with'} identifiers: {len(pairs())} pairs", end="")
        print(f"  P {all_of_them.precision:.4f}  R {all_of_them.recall:.4f}  asked {all_of_them.asked}")
        for why in dict.fromkeys(pair.why for pair in pairs()):
            one = measured(hidden=hidden, why=why)
            print(f"  {why:16} one work {one.found:4} of {one.found + one.missed:4}", end="")
            print(f"  two works taken for one {one.wrong:3} of {one.wrong + one.right:4}  asked {one.asked:3}")
    mistakes = defaultdict(list)
    for pair in pairs():
        answer = outcome(pair, hidden=True)
        if (answer == "same") != pair.same:
            mistakes[pair.why, answer].append(f"{pair.a.title} ({pair.a.year}) | {pair.b.title} ({pair.b.year})")
    for (why, answer), titles in mistakes.items():
        print(f"{why}, decided {answer}:", *titles[:12], sep="\n  ")


if __name__ == "__main__":
    main()
