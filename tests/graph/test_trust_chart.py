"""The history of a receipt as a picture: steps where the score changed, the same bytes for the same rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from graph import trust_chart
from graph.snapshots import TrustChange


def change(at: str, score: int) -> TrustChange:
    return TrustChange(at, score, "a source changed one of the works", "record-confidence/2+00000000")


def test_one_entry_makes_no_picture() -> None:
    assert trust_chart.history([]) == trust_chart.history([change("2026-11-01T00:00:00", 17)]) == ""


def test_the_picture_says_in_words_what_it_shows() -> None:
    picture = trust_chart.history([change("2026-11-01T00:00:00", 17), change("2026-11-05T12:00:00", 19)])
    assert 'role="img"' in picture
    assert "Score from 17 on 2026-11-01 to 19 on 2026-11-05, in 2 entries." in picture
    assert "style=" not in picture
    assert ">2026-11-05</text>" in picture


def test_a_day_is_written_once() -> None:
    picture = trust_chart.history([change("2026-11-01T00:00:00", 17), change("2026-11-01T12:00:00", 19)])
    assert picture.count(">2026-11-01</text>") == 1


CHANGES = st.lists(
    st.builds(
        change, st.datetimes().map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")), st.integers(0, 100)
    ),
    min_size=2,
    max_size=24,
).map(lambda changes: sorted(changes, key=lambda c: c.at))


@given(CHANGES)
def test_every_entry_is_a_dot_inside_the_frame_and_later_ones_are_further_right(changes: list[TrustChange]) -> None:
    dots = etree.fromstring(trust_chart.history(changes)).findall("circle")
    across = [float(dot.get("cx", "")) for dot in dots]
    assert len(dots) == len(changes)
    assert across == sorted(across)
    assert trust_chart.LEFT <= across[0] <= across[-1] <= trust_chart.RIGHT
    assert all(trust_chart.TOP <= float(dot.get("cy", "")) <= trust_chart.BOTTOM for dot in dots)
    assert trust_chart.history(changes) == trust_chart.history(list(changes))
