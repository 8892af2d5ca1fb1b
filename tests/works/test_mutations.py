"""Files that were cut, sent in another encoding, glued together or filled with values of other types: read, or refused with a reason.

Each source is given many deterministic changes of its own payloads and of the real samples. Nothing but SourceUnavailable
may come from reading, nothing but RecordRejected from a record without a problem, and nothing may be taken half: what
parses is in canonical form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from researchgraph.errors import RecordRejected, SourceUnavailable
from tests.works.test_corpus import FAMILIES, SAMPLES
from works.ingest.other_kinds import canonical
from works.records import Parsed, RawRecord
from works.sources import registry
from works.sources.base import Source

PAYLOADS = Path(__file__).parents[1] / "payloads"
LARGEST: Final = 200_000
"""Bytes of a file that is changed; of a larger one the beginning, which cuts it as well."""
VALUES: Final[tuple[object, ...]] = (None, True, 0, -1e308, "x\x00y", "", "9999-99-99", [], {}, [[]], {"value": None})
TAG: Final = re.compile(rb"<(/?)([A-Za-z][\w:.-]*)([^<>]*)>")


def cuts(content: bytes, random: Random) -> Iterator[bytes]:
    """Cut, doubled, damaged and oddly encoded."""
    yield from (content[: len(content) * part // 7] for part in range(7))
    yield content + content
    yield content.replace(b"\n", b"\r\n")
    yield content.replace(b"\n", b"\r")
    yield b"\xef\xbb\xbf" + content
    for encoding in ("utf-16", "utf-16-le", "utf-32", "latin-1"):
        yield content.decode("utf-8", "replace").encode(encoding, "replace")
    for junk in (b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"&#0;", b'"', b"<", b"{"):
        place = random.randrange(len(content) + 1)
        yield content[:place] + junk + content[place:]
    for _ in range(4):
        place, length = random.randrange(len(content) + 1), random.randrange(1, 200)
        yield content[:place] + content[place + length :]
        yield content[: place + length] + content[place:]


def other_values(content: bytes, random: Random) -> Iterator[bytes]:
    """JSON with a value of another type somewhere, a key gone or twice."""
    try:
        json.loads(content)
    except ValueError:
        return
    for _ in range(30):
        document = json.loads(content)
        holders = [found for found in _holders(document) if found]
        if not holders:
            return
        holder: Any = random.choice(holders)
        key = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
        change = random.randrange(len(VALUES) + 3)
        if change < len(VALUES):
            holder[key] = VALUES[change]
        elif change == len(VALUES):
            del holder[key]
        else:
            holder[key] = [holder[key]] if change == len(VALUES) + 1 else {"value": holder[key]}
        yield json.dumps(document).encode()
    keys = re.findall(rb'"([A-Za-z-]{2,30})":', content)
    if keys:
        yield content.replace(b"{", b'{"%s": 7, ' % random.choice(keys), 1)


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value[:6]:
            yield from _holders(inner)


def other_tags(content: bytes, random: Random) -> Iterator[bytes]:
    """XML with an element unopened, renamed everywhere, without attributes, emptied, or full of nonsense."""
    tags = list(TAG.finditer(content))
    for number in range(24 if tags else 0):
        tag = random.choice(tags)
        inside = re.compile(b"(<" + re.escape(tag[2]) + b"[^<>]*>)[^<]*(</)")
        match number % 5:
            case 0:
                yield content[: tag.start()] + content[tag.end() :]
            case 1:
                yield content.replace(tag[2], b"zzz")
            case 2:
                yield content[: tag.start()] + b"<" + tag[1] + tag[2] + b">" + content[tag.end() :]
            case 3:
                yield inside.sub(rb"\1\2", content)
            case _:
                yield inside.sub(rb"\1 9999-99-99 \2", content)


def mutations(content: bytes, random: Random) -> Iterator[bytes]:
    yield from cuts(content, random)
    if content.lstrip()[:1] in {b"{", b"["}:
        yield from other_values(content, random)
    elif content.lstrip()[:1] == b"<":
        yield from other_tags(content, random)


def outcome(source: Source, path: Path) -> int:
    """How many records came out as works."""
    found = _read(source, path)
    if isinstance(found, str):
        assert len(found) > 20
        return 0
    works = 0
    for record in found:
        assert record.origin
        assert record.payload or record.problem or record.deleted
        if record.problem or record.deleted:
            continue
        parsed = _parsed(source, record)
        if isinstance(parsed, RecordRejected):
            assert parsed.code
            assert parsed.detail
        else:
            works += 1
            assert parsed == canonical(parsed)
            assert "\x00" not in str(parsed)
    return works


def _read(source: Source, path: Path) -> list[RawRecord] | str:
    """The records of a file, or why it is refused."""
    try:
        return list(source.read(path))
    except SourceUnavailable as refused:
        return str(refused)


def _parsed(source: Source, record: RawRecord) -> Parsed | RecordRejected:
    try:
        return canonical(source.parse(record))
    except RecordRejected as rejected:
        return rejected


def changed(name: str, paths: list[Path], folder: Path, most: int) -> int:
    """Read each file with at most so many changes; how many works came out of all."""
    source, works = registry.get(name), 0
    for original in paths:
        content = original.read_bytes()[:LARGEST]
        random = Random(f"{name} {original.name}")  # noqa: S311 - the same changes every time
        all_of_them = list(mutations(content, random))
        for mutation in random.sample(all_of_them, min(most, len(all_of_them))):
            path = folder / original.name
            path.write_bytes(mutation)
            works += outcome(source, path)
    return works


@pytest.mark.parametrize("name", sorted(registry.sources()))
def test_a_changed_payload_is_read_or_refused_and_nothing_else(name: str, tmp_path: Path) -> None:
    paths = [path for path in sorted((PAYLOADS / name).iterdir()) if path.is_file()]
    assert changed(name, paths, tmp_path, 40) > 0


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_changed_sample_is_read_or_refused_and_nothing_else(name: str, shared_data: Path, tmp_path: Path) -> None:
    paths = [path for folder in FAMILIES[name] for path in sorted((shared_data / SAMPLES.name / folder).iterdir())]
    assert changed(name, paths, tmp_path, 4) > 0
