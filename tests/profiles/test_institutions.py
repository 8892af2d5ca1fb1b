"""Organisation names read from affiliation strings as printed."""

from __future__ import annotations

import json
import time
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.institution_tables import ALIASES
from profiles.institutions import NAME_LIMIT, NAMES_LIMIT, institution_key, institution_names
from researchgraph.lib import streams


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (
            "Dept. of CS, Univ. of Toronto, Canada + AT&T Bell Labs, Holmdel",
            ("University of Toronto", "AT&T Bell Labs"),
        ),
        ("DeepMind", ("DeepMind",)),
        ("Google Brain", ("Google Brain",)),
        ("DeepMind‡", ("DeepMind",)),
        ("DeepMind, London, United Kingdom", ("DeepMind",)),
        (
            "Robotics Institute, Carnegie Mellon University, Pittsburgh, PA, USA",
            ("Carnegie Mellon University",),
        ),
        (
            "Department of Electrical Engineering and Computer Sciences, University of California, Berkeley, CA, USA",
            ("University of California, Berkeley",),
        ),
        ("UC Berkeley", ("University of California, Berkeley",)),
        ("Institute of Automation, Chinese Academy of Sciences", ("Chinese Academy of Sciences",)),
        (
            "Institute of Robotics and Mechatronics, German Aerospace Center (DLR), Wessling, Germany",
            ("German Aerospace Center",),
        ),
        (
            "German Aerospace Center (DLR), Institute of Robotics and Mechatronics, Wessling, Germany",
            ("German Aerospace Center",),
        ),
        (
            "Jet Propulsion Laboratory, California Institute of Technology, Pasadena, CA, USA",
            ("California Institute of Technology",),
        ),
        ("CSAIL, MIT", ("Massachusetts Institute of Technology",)),
        ("ETHZ - ETH Zurich", ("ETH Zurich",)),
        ("´Ecole Polytechnique F´ed´erale de Lausanne (EPFL), Switzerland", ("EPFL",)),
        ("Universit `a degli Studi di Milano, Milan, Italy", ("Università degli Studi di Milano",)),
        ("Speech and Language Technology Lab, DFKI, Berlin, Germany", ("DFKI",)),
        ("Google, Inc.", ("Google",)),
        ("Baidu Inc., Beijing, China", ("Baidu",)),
        ("University of Washington1+Google Inc.2", ("University of Washington", "Google")),
        (
            "Xi'an Jiaotong University, Tsinghua University",
            ("Xi’an Jiaotong University", "Tsinghua University"),
        ),
        (
            "Technical University of Munich and University of Verona",
            ("Technical University of Munich", "University of Verona"),
        ),
        (
            "University of Science and Technology of China, Hefei",
            ("University of Science and Technology of China",),
        ),
        ("Computer Science Department Stanford University", ("Stanford University",)),
        ("Institute for Artificial Intelligence at Tsinghua University", ("Tsinghua University",)),
        ("University of Texas at Austin", ("University of Texas at Austin",)),
        (
            "Jane Doe is with the Department of Mechanical Engineering, Carnegie Mellon University",
            ("Carnegie Mellon University",),
        ),
        ("Wean Hall, jane@cs.example.edu, Lund University https://example.edu", ("Lund University",)),
        (
            "Key Laboratory of Robots (Beijing Institute of Technology), Ministry of Education, China",
            ("Beijing Institute of Technology",),
        ),
        ("Saarland University, Saarbrücken, Germany+Saarland University", ("Saarland University",)),
        ("PRIOR @ Allen Institute for AI", ("Allen Institute for Artificial Intelligence",)),
        ("Centre for Robots, University of Technology, Sydney, Australia", ("University of Technology, Sydney",)),
        ("Robotics Lab, Technische Universität, Berlin, Germany", ("Technical University of Berlin",)),
        ("Pennsylvania State University, University Park, PA", ("Pennsylvania State University",)),
        ("Department of Computer Science", ()),
        ("Independent Researcher", ()),
        ("Beijing, China", ()),
        ("2", ()),
        ("", ()),
    ],
)
def test_organisations_are_read_and_the_rest_is_left(raw: str, names: tuple[str, ...]) -> None:
    assert institution_names(raw) == names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The University of Texas at Austin", "UT Austin"),
        ("KAIST", "Korea Advanced Institute of Science & Technology"),
        ("ETH Zürich", "ETH Zurich"),
        ("Georgia Tech", "Georgia Institute of Technology"),
        ("University of California San Diego", "UC San Diego"),
        ("University of Wisconsin-Madison", "University of Wisconsin – Madison"),
    ],
)
def test_spellings_of_one_organisation_share_a_key(one: str, other: str) -> None:
    assert institution_key(one) == institution_key(other)
    assert institution_names(one) == institution_names(other)


def test_every_entry_of_the_table_of_abbreviations_can_be_reached() -> None:
    for short, name in ALIASES.items():
        assert institution_key(short) == institution_key(name)
        assert institution_key(name) == institution_key(institution_key(name))


@given(st.text(max_size=300))
def test_any_string_gives_short_distinct_names(raw: str) -> None:
    names = institution_names(raw)
    assert len(names) <= NAMES_LIMIT
    assert all(0 < len(name) <= NAME_LIMIT for name in names)
    keys = [institution_key(name) for name in names]
    assert len(set(keys)) == len(keys)
    assert all(keys)


@pytest.mark.parametrize(
    "hostile",
    [
        "University of " * 50_000,
        "(" * 500_000,
        "A " * 300_000,
        "+" * 500_000,
        "@." * 300_000,
        "´e" * 200_000,
        "University, " * 50_000,
    ],
)
def test_hostile_strings_are_read_in_little_time(hostile: str) -> None:
    start = time.process_time()
    institution_names(hostile)
    assert time.process_time() - start < 2


def test_real_affiliations_gather_under_the_organisations_that_print_them(shared_data: Path) -> None:
    counts: dict[str, int] = {}
    empty = 0
    total = 0
    for line in islice(streams.lines(shared_data / "papers.jsonl.zst"), 0, 60_000, 4):
        for author in json.loads(line.content)["authors"]:
            if author.get("affiliation"):
                total += 1
                names = institution_names(author["affiliation"])
                empty += not names
                for name in names:
                    counts[name] = counts.get(name, 0) + 1
    assert empty / total < 0.02
    assert "Carnegie Mellon University" in counts
    assert not {"Department of Computer Science", "China", "USA"} & counts.keys()
    assert len(counts) < total / 3
