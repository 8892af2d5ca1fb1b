"""Rows go over by COPY as they are."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from researchgraph.lib import bulk

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@pytest.mark.django_db
@given(st.lists(st.one_of(TEXTS, st.sampled_from(["", "NULL", "{}", '"', "\\", "\\N", "a,b", " ", "\t\n", "{a,b}"]))))
def test_a_list_of_texts_is_the_same_list_in_the_database(values: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [bulk.array(values)])
        assert cursor.fetchone() == (values,)


@pytest.mark.django_db
def test_rows_with_lists_are_copied_as_they_are() -> None:
    rows = [("plain", ["a\\b", 'c"d', "", "e\tf\ng"], [1, -2], None), ("tab\t\\N", [], [], 0.5)]
    bulk.run("CREATE TEMP TABLE copied (one text, words text[], numbers bigint[], share float8) ON COMMIT DROP")
    bulk.copy_rows("copied", ("one", "words", "numbers", "share"), rows)
    assert bulk.fetch("SELECT * FROM copied ORDER BY one") == rows


@pytest.mark.django_db
def test_long_lists_of_keys_and_texts_find_what_short_ones_find() -> None:
    many = [*range(bulk.LONG * 2)]
    words = [f'say "{n}"\\' for n in many]
    query = "SELECT n FROM generate_series(1, 5) AS n WHERE n = ANY(%s) ORDER BY n"
    assert bulk.fetch(query, [many]) == bulk.fetch(query, [many[:6]]) == [(1,), (2,), (3,), (4,), (5,)]
    assert bulk.fetch("SELECT count(*) FROM unnest(%s::text[]) w WHERE w = %s", [words, words[7]]) == [(1,)]
    bulk.run("CREATE TEMP TABLE kept (n bigint) ON COMMIT DROP")
    assert bulk.run("INSERT INTO kept SELECT unnest(%s::bigint[])", [many]) == len(many)
    assert bulk.run("DELETE FROM kept WHERE n = ANY(%s)", [many]) == len(many)
