"""TeX in titles and abstracts: what is shown is complete or its own source, and always inert."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from researchgraph.lib import tex


class _Tags(HTMLParser):
    """Collects what a browser would make of the markup."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def _assert_inert(markup: str) -> None:
    tags = _Tags()
    tags.feed(markup)
    tags.close()
    for tag, attributes in tags.seen:
        assert tag in tex.ELEMENTS or (tag == "code" and attributes == {"class": "tex"})
        assert set(attributes) <= tex.ATTRIBUTES | {"class"}
        assert all("script" not in (value or "") for value in attributes.values())


ATTACKS = [
    r'$\text{<img src=x onerror="alert(1)">}$',
    r'$\text{<img/src="x"/onerror="alert(1)">}$',
    r"$\mbox{<script>alert(1)</script>}$",
    r"$\tag{<iframe src=javascript:alert(1)>}x$",
    r"$\text{</mtext></math><img src=x onerror=alert(1)>}$",
    r"$\text{&lt;img src=x onerror=alert(1)&gt;}$",
    r"$\text{&#60;script&#62;}$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{background:url(javascript:alert(1))}{x}$",
    r"$\class{evil}{x}$",
    r"$\cssId{evil}{x}$",
    r"$\def\a{\a\a}\a$",
    r"$\newcommand{\a}{\a}\a$",
    r"$\let\a\b$",
    r"$\unicode{x3c}$",
    r"$\color{red\" onmouseover=\"alert(1)}{x}$",
    r"$\begin{array}{c\" onload=\"alert(1)} x \end{array}$",
    "$" + "{" * 3_000 + "}" * 3_000 + "$",
    "$" + "{" * 59 + "x" + "}" * 59 + "$",
    "$" + r"\sqrt" * 390 + "{x}$",
    "$" + "x^{" * 50 + "}" * 50 + "$",
    "<img src=x onerror=alert(1)> $x$ <svg/onload=alert(1)>",
    "$<img src=x onerror=alert(1)>$",
    "$$<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>$$",
    r"\(<!--\)--><script>alert(1)</script>",
    "$]]><script>alert(1)</script>$",
    "$<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;$",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_come_out_inert(attack: str) -> None:
    _assert_inert(tex.render(attack))


@given(
    st.lists(
        st.sampled_from(
            [
                "$",
                "$$",
                r"\(",
                r"\)",
                r"\[",
                r"\]",
                "{",
                "}",
                "<img onerror=x>",
                "<",
                "&",
                r"\text",
                r"\frac",
                r"\alpha",
                "x",
                "_",
                "^",
                " ",
                '"',
                r"\href",
                r"\begin{matrix}",
                r"\end{matrix}",
                r"\left(",
                r"\mathbb",
                "\\",
                r"\'",
                "e",
                "&lt;",
            ]
        ),
        max_size=25,
    )
)
def test_no_mixture_of_tex_and_html_gets_through(pieces: list[str]) -> None:
    _assert_inert(tex.render("".join(pieces)))


@pytest.mark.parametrize(
    "hostile",
    [
        "$" * 1_000_000,
        "$a" * 49_000,
        "{" * 1_000_000,
        '\\"' * 49_000,
        "\\emph{" * 16_000,
        "$x^{$" * 19_000,
        "\\(" * 49_000,
        "\\\\" * 500_000,
    ],
)
def test_a_megabyte_of_tex_is_rendered_in_linear_time(hostile: str) -> None:
    start = time.process_time()
    tex.render(hostile)
    tex.plain(hostile)
    tex.symbols(hostile)
    assert time.process_time() - start < 5


def test_mathematics_becomes_mathml() -> None:
    assert tex.render("the $x^2$ norm") == (
        'the <math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math> norm'
    )
    assert '<math display="block">' in tex.render("$$a+b$$")
    assert tex.render(r"\(a\)") == tex.render("$a$")


def test_well_known_author_macros_are_expanded() -> None:
    assert "ℝ" in tex.render(r"$\R^d$")
    assert "ε" in tex.render(r"$\eps$")


def test_mathematics_that_cannot_be_shown_shows_its_escaped_source() -> None:
    assert tex.render(r"$\foo<x$") == r'<code class="tex">\foo&lt;x</code>'


@pytest.mark.parametrize("text", ["It costs $5 and $10 now.", "an odd $ sign", "from $3 to $4", "C:\\temp & co"])
def test_dollars_and_backslashes_that_are_no_tex_stay_text(text: str) -> None:
    assert tex.render(text) == text.replace("&", "&amp;")


def test_escaped_dollars_are_dollars() -> None:
    assert tex.render(r"\$5 for $x$").startswith("$5 for <math")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"{\"u}ber Schr\"odinger", "über Schrödinger"),
        (r"Erd{\H{o}}s, \v{C}ech, {\L}ukasz, \O{}ystein", "Erdős, Čech, Łukasz, Øystein"),
        (r"na\"{\i}ve \'\i", "naïve í"),
        (r"Yaz{\i}c{\i} and \c{C}elik", "Yazıcı and Çelik"),
        (r"\emph{De Novo} and {\em i.e.} {\bf x}", "De Novo and i.e. x"),
        (r"A \& B, 100\%, \#tag", "A & B, 100%, #tag"),
        (r"``quoted''\ text --- yes{}", "“quoted” text — yes"),
        ("{Early Schemas} in {0,1}", "Early Schemas in {0,1}"),
        (r"{PF}$^2$ES", r"PF$^2$ES"),
        (r"keep $\alpha_{i}$ \cite{knuth}as is", r"keep $\alpha_{i}$ as is"),
        (r"unknown \foo{bar} stays", r"unknown \foo{bar} stays"),
        ("A & B, 100% x, a~b", "A & B, 100% x, a~b"),
        ("open { and close }", "open  and close "),
        ("never closed {", "never closed {"),
    ],
)
def test_text_commands_become_unicode_and_mathematics_stays(source: str, text: str) -> None:
    assert tex.plain(source) == text


def test_needs_rendering_is_true_only_for_dollars_and_backslashes() -> None:
    assert tex.needs_rendering("$x$")
    assert tex.needs_rendering(r"\alpha")
    assert not tex.needs_rendering("plain {braces} & <tags>")


def test_symbols_reads_mathematics_as_letters() -> None:
    assert tex.symbols(r"$\ell_1$-norm") == "ℓ_1-norm"
    assert tex.symbols(r"\mathbf{x} \foo") == "x foo "
