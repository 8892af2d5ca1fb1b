"""Members of tar archives of every form, in pieces of any size, and what is damaged or asks for too much."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pytest

from researchgraph.lib import tar
from researchgraph.lib.streams import DamagedError

FILES = {"a.xml": b"<a/>", "b" * 300 + ".xml": b"x" * 1_000, "empty": b"", "block": b"y" * 512, "ключ": b"z" * 513}
FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def _archive(form: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in FILES.items():
            member = tarfile.TarInfo(name if form != tarfile.USTAR_FORMAT else name[-90:])
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return packed.getvalue()


def _pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def _until_damage(pieces: Iterator[bytes]) -> tuple[list[tar.Member], str]:
    found = []
    try:
        for member in tar.members(pieces, limit=2_000):
            found.append(member)  # noqa: PERF402 - what came before the damage counts
    except DamagedError as error:
        return found, str(error)
    return found, ""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 511, 512, 700, 1 << 20])
def test_files_come_in_order_and_links_and_folders_do_not(form: str, size: int) -> None:
    found = list(tar.members(_pieces(_archive(FORMS[form]), size), limit=2_000))
    assert [member.content for member in found] == list(FILES.values())
    assert [member.number for member in found] == [2, 3, 4, 5, 6]
    assert not any(member.problem for member in found)


def test_a_file_over_the_limit_is_passed_over_and_the_next_one_read() -> None:
    found = list(tar.members(_pieces(_archive(tarfile.GNU_FORMAT), 700), limit=600))
    assert [member.content for member in found] == [b"<a/>", b"", b"", FILES["block"], FILES["ключ"]]
    assert found[1].problem == "the member has 1,000 bytes, more than the 600 allowed"


def test_an_archive_that_ends_anywhere_gives_what_is_before_and_says_so() -> None:
    whole = _archive(tarfile.PAX_FORMAT)
    end = len(whole.rstrip(b"\0"))
    for cut in range(0, end, 211):
        found, reason = _until_damage(_pieces(whole[:cut], 700))
        assert "cut short" in reason
        assert [member.content for member in found] == list(FILES.values())[: len(found)]


@pytest.mark.parametrize("at", [3, 100, 124, 130, 150, 156])
def test_a_header_that_does_not_add_up_is_damage(at: int) -> None:
    archive = bytearray(_archive(tarfile.USTAR_FORMAT))
    archive[at] ^= 0x15
    with pytest.raises(DamagedError, match="damaged"):
        list(tar.members(iter([bytes(archive)]), limit=2_000))


def _header(kind: bytes, size: bytes, *, more: int = 0) -> bytes:
    header = bytearray(512)
    header[:1], header[124 : 124 + len(size)], header[156:157], header[482] = b"a", size, kind, more
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def test_holes_are_not_filled_however_large_the_archive_says_they_are() -> None:
    holes = _header(b"S", b"00000001000\0", more=1) + bytes(504) + b"\1" + bytes(7) + bytes(512) + bytes(512)
    archive = holes + _header(b"0", b"00000000001\0") + b"x" + bytes(511) + bytes(1024)
    first, second = tar.members(iter([archive]), limit=2_000)
    assert (first.content, first.problem) == (b"", "the member has holes in it and is not read")
    assert second.content == b"x"


@pytest.mark.parametrize("size", [b"\x80" + b"\xff" * 11, b"77777777777\0"])
def test_a_size_that_nothing_has_costs_nothing(size: bytes) -> None:
    found, reason = _until_damage(iter([_header(b"0", size)]))
    assert "cut short" in reason
    assert [member.content for member in found] == [b""]
    assert "more than the 2,000 allowed" in found[0].problem


def test_an_archive_is_told_by_its_beginning() -> None:
    assert tar.is_tar(_archive(tarfile.PAX_FORMAT))
    assert not tar.is_tar(b"")


@pytest.mark.parametrize("size", [b"\xff" * 12, b"00000000009\0", b"-0000000001\0"])
def test_a_size_that_is_no_number_is_damage(size: bytes) -> None:
    with pytest.raises(DamagedError, match="no number"):
        list(tar.members(iter([_header(b"0", size)]), limit=2_000))
