"""What is read of texts ahead is what is read of them when they are stored."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from profiles.institutions import institution_key, institution_names
from profiles.names import block_key, name_key
from researchgraph.lib import tex
from researchgraph.lib.text import slug, title_key
from works.ingest.texts import Texts
from works.records import ParsedAuthor, ParsedRecord, ParsedVersion

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
AFFILIATIONS = st.one_of(WORDS, st.just("Dept. of CS, Univ. of Toronto, Canada + AT&T Bell Labs, Holmdel"))


@given(WORDS.filter(bool), WORDS, st.lists(st.tuples(WORDS.filter(bool), AFFILIATIONS), max_size=4))
def test_a_record_learnt_elsewhere_is_known_here(title: str, abstract: str, authors: list[tuple[str, str]]) -> None:
    record = ParsedRecord(
        title=title,
        abstract=abstract,
        authors=tuple(ParsedAuthor(name=name, affiliations=(place,)) for name, place in authors),
        version=ParsedVersion(kind="preprint"),
    )
    texts = Texts()
    texts.learn(record)
    away: Texts = pickle.loads(pickle.dumps(texts))  # noqa: S301 - our own bytes
    assert away == texts
    assert set(away.names) == {name for name, _ in authors}
    for name, place in authors:
        assert away.name(name) == Texts().name(name) == (name_key(name), block_key(name))
        named = institution_names(place)
        assert away.organisations(place) == tuple((institution_key(one), one) for one in named)
    html = tex.render(title) if tex.needs_rendering(title) else ""
    assert away.title(title) == (title_key(title), slug(title), html)
    assert away.abstract(abstract) == Texts().abstract(abstract)
