"""XML piece by piece: whole elements, several documents, damage, and nothing loaded from anywhere."""

from __future__ import annotations

import pytest

from researchgraph.lib import xml


def _read(data: bytes, *wanted: str, step: int = 64 * 1024) -> list[str]:
    chunks = (data[start : start + step] for start in range(0, len(data), step))
    found: list[str] = []
    try:
        found.extend(map(_shown, xml.pieces(chunks, wanted or ("r",))))
    except xml.DamagedXmlError as damage:
        found.append(f"damage: {damage.tail.decode()}")
    return found


def _shown(piece: xml.Piece) -> str:
    return f"open {xml.local_name(piece.element)}" if piece.opening else xml.canonical(piece.element).decode()


STEPS = pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])


@STEPS
def test_only_the_outermost_wanted_elements_are_handed_out(step: int) -> None:
    data = b"<a><r>1</r>\n<x><p:r xmlns:p='urn:p'>2<r>3</r></p:r></x></a>"
    assert _read(data, step=step) == ["open a", "<r>1</r>", '<p:r xmlns:p="urn:p">2<r>3</r></p:r>']


@STEPS
def test_documents_one_after_the_other_are_all_read(step: int) -> None:
    data = b"<?xml version='1.0'?><a><r>1</r></a>\n\n\xef\xbb\xbf<?xml version='1.0'?>\n<a><r>2</r></a >\n<!-- the end -->\n"
    assert _read(data, step=step) == ["open a", "<r>1</r>", "open a", "<r>2</r>"]
    assert _read(b"<r>1</r><r>2</r>\n<r/>", step=step) == [
        "open r", "<r>1</r>", "open r", "<r>2</r>", "open r", "<r></r>",
    ]  # fmt: skip


@STEPS
@pytest.mark.parametrize(
    ("data", "tail"),
    [
        (b"<a><r>1</r><r>2</a><r>3</r>", "<r>2</a>"),
        (b"<a><r>1</r><r>2", "<r>2"),
        (b"<a><r>1</r><p:r xmlns:p='urn:p'>2</p:r><r>& <r>3</r></a>", "<r>& "),
    ],
)
def test_damage_comes_after_everything_whole_and_keeps_the_rest(data: bytes, tail: str, step: int) -> None:
    *before, damage = _read(data, step=step)
    assert before[:2] == ["open a", "<r>1</r>"]
    assert tail.startswith(damage.removeprefix("damage: ")) or damage.startswith(f"damage: {tail}")


@pytest.mark.parametrize("data", [b"", b"   ", b"nothing", b"<", b"<a", b"<a>", b"<a></b>", b"\x00"])
def test_what_is_no_document_is_damage(data: bytes) -> None:
    assert _read(data)[-1].startswith("damage: ")


def test_something_else_behind_a_document_is_damage() -> None:
    assert _read(b"<a><r>1</r></a> and then some words")[-1] == "damage: and then some words"


def test_entities_of_an_unread_document_type_are_spelled_by_their_html_names() -> None:
    data = b'<!DOCTYPE a PUBLIC "x" "http://192.0.2.1/never.dtd"><a><r>caf&eacute; <i/>&unknown; &lt;</r></a>'
    assert _read(data) == ["open a", "<r>café <i></i>&amp;unknown; &lt;</r>"]


def test_declared_entities_are_noticed_and_never_read() -> None:
    data = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><r>&x;</r></a>'
    opening = next(xml.pieces([data], ["r"]))
    assert xml.has_doctype(opening.element)
    assert xml.declares_entities(opening.element)
    assert "root:" not in "".join(_read(data))
    assert not xml.declares_entities(next(xml.pieces([b"<!DOCTYPE a><a/>"], ["r"])).element)


def test_memory_does_not_grow_with_the_file() -> None:
    record = b"<r>" + b"x" * 1_000 + b"</r><other>" + b"y" * 1_000 + b"</other>"
    stream = [b"<a>", *[record * 32] * 100, b"</a>"]
    siblings = set()
    count = 0
    for piece in xml.pieces(stream, ["r"]):
        parent = piece.element.getparent()
        siblings.add(0 if parent is None else len(parent))
        count += not piece.opening
    assert count == 3_200
    # What the parser has read ahead of the element in its step of 64 KiB is there, nothing of the steps before.
    assert max(siblings) <= 100


def test_an_element_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "PIECE_LIMIT", 200_000)
    with pytest.raises(xml.DamagedXmlError, match="more than 200,000 bytes"):
        list(xml.pieces([b"<a><r>", *[b"<x>word</x>" * 1_000] * 100], ["r"]))


def test_what_has_no_canonical_form_is_written_as_it_is() -> None:
    assert _read(b"<a><r xmlns='relative'>1</r></a>") == ["open a", '<r xmlns="relative">1</r>']


def test_utf_16_is_read_as_one_document() -> None:
    assert _read("<?xml version='1.0' encoding='utf-16'?><a><r>é</r></a>".encode("utf-16")) == ["open a", "<r>é</r>"]
