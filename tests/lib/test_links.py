"""Links from outside: safe ones, and those to code."""

from __future__ import annotations

import pytest

from researchgraph.lib.links import code_link, safe_url


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org",
        "http://example.org:8080/a?b=c#d",
        "https://bücher.example/x",
        "https://[2001:db8::1]/",
        "https://example.org/a(b)",
    ],
)
def test_web_addresses_are_kept(address: str) -> None:
    assert safe_url(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "//example.org/x",
        "/local",
        "ftp://example.org",
        "https://",
        "https:///path",
        "https://user:secret@example.org",
        "https://exa mple.org",
        'https://example.org/"onload="x',
        "https://example.org/<b>",
        "https://example.org\\@evil.org",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org/" + "x" * 2_000,
        "https://example.org/\u202e",
        "https://[bad",
        "",
        "mailto:a@b.org",
    ],
)
def test_anything_else_is_no_link(address: str) -> None:
    assert safe_url(address) == ""


def test_blanks_around_an_address_are_no_part_of_it() -> None:
    assert safe_url(" https://example.org/\n") == "https://example.org/"


def test_the_scheme_is_written_in_lower_case() -> None:
    assert safe_url("HTTPS://Example.org/A") == "https://Example.org/A"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "Code is at https://github.com/mlfoundations/model-soups.",
            "https://github.com/mlfoundations/model-soups",
        ),
        (r"See \url{https://www.github.com/a/b\_c}.", "https://github.com/a/b_c"),
        ("(github.com/owner/repo.git)", "https://github.com/owner/repo"),
        ("at https://gitlab.com/group/project/-/tree/main", "https://gitlab.com/group/project"),
        ("Models: https://huggingface.co/datasets/org/name, and", "https://huggingface.co/datasets/org/name"),
        ("https://HuggingFace.co/org/name", "https://huggingface.co/org/name"),
        ("first https://codeberg.org/a/b then https://github.com/c/d", "https://codeberg.org/a/b"),
        (
            "https://github.com/features/actions and https://github.com/real/one",
            "https://github.com/real/one",
        ),
        ("https://huggingface.co/docs/transformers", ""),
        ("mygithub.com/a/b", ""),
        ("https://github.com/onlyowner", ""),
        ("Our project page is https://example.org/x", ""),
        ("", ""),
    ],
)
def test_the_first_code_link_of_a_text_is_found(text: str, address: str) -> None:
    assert code_link(text) == address
