"""Markup in titles and abstracts: what is read away, what is kept, and that it takes no longer than it should."""

from __future__ import annotations

import time

import pytest

from researchgraph.lib import markup

MATH = (
    '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:semantics><mml:mrow>{}</mml:mrow>'
    '<mml:annotation encoding="application/x-tex">said again</mml:annotation></mml:semantics></mml:math>'
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Soups of H<sub>2</sub>O", "Soups of H2O"),
        ("The <scp>Soup</scp> of <i>E. coli</i>", "The Soup of E. coli"),
        ("Segmenting <SEG> tokens with x < y > z", "Segmenting <SEG> tokens with x < y > z"),
        ("std::vector<label> and List<none>", "std::vector<label> and List<none>"),
        ("a<br/>b", "a b"),
        (f"At {MATH.format('<mml:mn>13</mml:mn><mml:mspace/><mml:mi>TeV</mml:mi>')}!", "At 13TeV!"),
        (MATH.format("<mml:msup><mml:mn>10</mml:mn><mml:mn>3</mml:mn></mml:msup>"), "10^3"),
        (MATH.format("<mml:mfrac><mml:mn>1</mml:mn><mml:mrow><mml:mn>2</mml:mn></mml:mrow></mml:mfrac>"), "1/2"),
        (MATH.format("<mml:msubsup><mml:mi>B</mml:mi><mml:mi>s</mml:mi><mml:mn>0</mml:mn></mml:msubsup>"), "Bs^0"),
        (MATH.format("<mml:msqrt><mml:mi>s</mml:mi></mml:msqrt>"), "√s"),
        ("<math><mi>x</mi><annotation> is open", "x is open"),
        ("<math><mi>x</mi><mo>=</mo><mn>1</mn></math>", "x=1"),
        ("&lt;math&gt;&lt;mi&gt;x&lt;/mi&gt;&lt;/math&gt; &lt; 3", "x < 3"),
        ("<tex-math>$x$</tex-math> alone", "$x$ alone"),
        ("<alternatives><tex-math>$x$</tex-math><mml:math><mml:mi>x</mml:mi></mml:math></alternatives>", "x"),
        ("an <annotation>open end", "an <annotation>open end"),
        ("plain", "plain"),
    ],
)
def test_markup_is_read_away_and_text_is_kept(text: str, plain: str) -> None:
    assert markup.plain(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<jats:title>Abstract</jats:title><jats:p>We stir.</jats:p><jats:p>We taste.</jats:p>", "We stir. We taste."),
        ("<jats:sec><jats:title>Aim</jats:title><jats:p>Soup.</jats:p></jats:sec>", "Aim Soup."),
        ("Abstract nonsense is a term.", "Abstract nonsense is a term."),
        ("<jats:p>Abstract nonsense is a term.</jats:p>", "Abstract nonsense is a term."),
        ("", ""),
    ],
)
def test_an_abstract_is_one_text_without_its_heading(text: str, plain: str) -> None:
    assert markup.abstract(text) == plain


@pytest.mark.parametrize("piece", ["<", "<a ", "<mml:annotation>", "<mml:msup>", "<math ", "</math>", "&lt;math"])
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    start = time.perf_counter()
    markup.plain(piece * 100_000)
    assert time.perf_counter() - start < 5
