"""Which registry entry an institution is: one, none, or unknown; and what a name and a country are read from."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.institutions import country_of, institution_key, registry_keys
from profiles.registry import Entry, Link, country, link


def entry(key: int, *, identity: str = "", where: str = "", source: str = "ror", status: str = "active") -> Entry:
    name = identity or f"00000000{key}"
    return Entry(key, name, source, name if source == "ror" else "", f"Organization {key}", where, status)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("Dept. of CS, University of Toronto, Toronto, Canada", "CA"),
        ("DeepMind, London, U.K.", "GB"),
        ("Institute of Soup, 75005 Paris, France.", "FR"),
        ("Tsinghua University, Beijing 100084, P. R. China", "CN"),
        ("Emory University, Atlanta, Georgia", ""),
        ("Stanford University, Stanford, CA", ""),
        ("DeepMind", ""),
        ("", ""),
        # Of two organizations nobody knows which one the country goes with.
        ("University of Toronto, Toronto, Canada; University of Verona, Verona, Italy", ""),
    ],
)
def test_an_affiliation_says_its_country_at_its_end_or_not_at_all(raw: str, code: str) -> None:
    assert country_of(raw) == code


def test_the_country_is_known_where_two_thirds_of_the_spellings_that_name_one_agree() -> None:
    here, there = "Northern University, Darwin, Australia", "Northern University, Yellowknife, Canada"
    assert country([here, "Northern University"]) == "AU"
    assert country([here, here, there]) == "AU"
    assert country([here, there]) == ""
    assert country([]) == ""


def test_names_of_a_registry_meet_the_names_bylines_print() -> None:
    assert registry_keys(["Google (United States)"], "United States") == (
        institution_key("Google (United States)"),
        institution_key("Google"),
    )
    assert institution_key("Ladle") in registry_keys(["Ladle Inc."], "")
    assert registry_keys(["École Polytechnique Fédérale de Lausanne"], "Switzerland") == (institution_key("EPFL"),)
    # An institute is not the university or academy it belongs to.
    academy = institution_key("Chinese Academy of Sciences")
    assert academy not in registry_keys(["Institute of Automation, Chinese Academy of Sciences"], "China")
    assert registry_keys(["Canada", "—", "Independent Researcher"], "") == ()


def test_one_organization_of_that_name_is_it() -> None:
    found = link([entry(1, where="AU")], "")
    assert (found.outcome, found.entry and found.entry.id) == ("same", 1)
    assert [one.kind for one in found.evidence] == ["registry-name"]
    assert [one.kind for one in link([entry(1, where="AU")], "AU").evidence] == ["registry-name", "registry-country"]


def test_two_organizations_of_one_name_are_told_apart_by_the_country_or_not_at_all() -> None:
    both = [entry(1, where="AU"), entry(2, where="CA")]
    assert link(both, "").outcome == "unknown"
    found = link(both, "CA")
    assert (found.outcome, found.entry and found.entry.id) == ("same", 2)
    assert link([*both, entry(3, where="CA")], "CA").outcome == "unknown"
    assert link(both, "FR").outcome == "unknown"


def test_a_name_in_another_country_is_no_link() -> None:
    found = link([entry(1, where="AU")], "CA")
    assert (found.outcome, found.entry) == ("unknown", None)
    assert found.evidence[0].kind == "registry-elsewhere"


def test_two_registries_on_one_organization_are_one_and_its_own_entry_speaks() -> None:
    copied = entry(1, identity="000000001", source="openalex")
    own = entry(2, identity="000000001")
    assert link([copied, own], "").entry == own
    assert link([copied], "").entry == copied


def test_withdrawn_entries_name_nobody_and_closed_ones_do() -> None:
    assert link([entry(1, status="withdrawn")], "") == Link("none")
    assert link([entry(1, status="inactive")], "").outcome == "same"
    assert link([], "AU") == Link("none")


@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.sampled_from(["AU", "CA", ""]), st.sampled_from(["ror", "openalex"]),
            st.sampled_from(["active", "inactive", "withdrawn"]),
        ),
        max_size=6,
    ),
    st.sampled_from(["AU", "CA", "FR", ""]),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_order_of_entries_makes_no_difference(
    stated: list[tuple[int, str, str, str]], printed: str, chance: random.Random
) -> None:
    entries = [
        entry(key, identity=f"00000000{organization}", where=where, source=source, status=status)
        for key, (organization, where, source, status) in enumerate(stated)
    ]
    shuffled = list(entries)
    chance.shuffle(shuffled)
    found = link(entries, printed)
    assert found == link(shuffled, printed)
    assert (found.outcome == "same") == (found.entry is not None)
