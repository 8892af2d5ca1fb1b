"""The explorer's picture: places and labels that touch nothing, shapes by kind, the same bytes for the same rows."""

from __future__ import annotations

import math
from itertools import combinations
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.explorer_picture import SIZE, Place, labels, picture, places
from graph.exploring import KINDS, PERSON, SHOWN, Ref, view
from graph.neighborhood import Count, Edge, Neighborhood, Node

CENTER = Node("person", "c" * 10, "", "Ada Byron", 9, steps=0)
LABELS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1, max_size=60)


@st.composite
def neighborhoods(draw: st.DrawFn) -> Neighborhood:
    nodes = []
    for kind in KINDS:
        for number in range(draw(st.integers(0, SHOWN[kind]))):
            works, strength = draw(st.integers(1, 90)), draw(st.sampled_from([0.0, 0.05, 0.5, 3.0]))
            nodes.append(Node(kind, f"{KINDS.index(kind)}{number:09}", "", draw(LABELS), works, strength, 2000, 2020))
    edges = [Edge(CENTER.id, node.id, node.works, node.strength) for node in nodes]
    # What is further out, by what is there already; some of it by nothing that is shown.
    for number in range(draw(st.integers(0, 90))):
        origin = draw(st.sampled_from([None, *nodes])) if nodes else None
        steps = origin.steps + 1 if origin else 2
        kind = draw(st.sampled_from(KINDS))
        node = Node(kind, f"f{KINDS.index(kind)}{number:08}", "", draw(LABELS), 1, 0.1, 2000, 2020, steps=steps)
        nodes.append(node)
        edges += [Edge(origin.id, node.id, 1, 0.1)] if origin else []
    # And people who know each other, so that there are groups.
    people = [node for node in nodes if node.kind == PERSON and node.steps == 1]
    edges += [Edge(a.id, b.id, 1, 0.1) for a, b in zip(people[::2], people[1::2], strict=False)]
    counts = [Count(kind, sum(node.kind == kind for node in nodes), 99) for kind in KINDS]
    return Neighborhood(CENTER, nodes, edges, counts, len(edges))


@settings(max_examples=40, deadline=None)
@given(neighborhoods())
def test_labels_touch_neither_nodes_nor_each_other(found: Neighborhood) -> None:
    placed = places(found)
    assert placed.keys() == {CENTER.id, *(node.id for node in found.nodes)}
    assert all(0 < place.x < SIZE and 0 < place.y < SIZE for place in placed.values())
    shown = labels(found, placed, letters=found.letters())
    boxes = [(one, label.box) for one, label in shown.items() if one != CENTER.id]
    for one, box in boxes:
        assert not any(box.meets(place.box) for other, place in placed.items() if other != one)
        assert not any(box.meets(label.box) for other, label in shown.items() if other != one)


@settings(max_examples=20, deadline=None)
@given(neighborhoods())
def test_the_same_rows_are_the_same_bytes_and_well_formed(found: Neighborhood) -> None:
    asked = view(CENTER.ref, {})
    text = str(picture(found, asked, letters=found.letters()))
    assert text == str(picture(found, asked, letters=found.letters()))
    root = ET.fromstring(text)  # noqa: S314 - our own
    links = root.findall("a")
    assert len(links) == len(found.nodes) + 1
    assert all(link.get("aria-label") and link.get("href", "").startswith("/explore/") for link in links)


def test_kinds_differ_in_shape_and_the_selection_has_a_ring() -> None:
    nodes = [Node(kind, f"{place}" * 10, "", kind, 1) for place, kind in enumerate(KINDS)]
    edges = [Edge(CENTER.id, node.id, 1) for node in nodes]
    found = Neighborhood(CENTER, nodes, edges, [], len(edges))
    root = ET.fromstring(str(picture(found, view(CENTER.ref, {"sel": nodes[1].id}), letters={})))  # noqa: S314 - our own
    shapes = {link.get("aria-label"): [part.tag for part in link if part.tag != "title"] for link in root.findall("a")}
    assert shapes["person, person"] == ["circle"]
    assert shapes["work, work"] == ["rect", "circle"]
    paths = [part.get("d", "").count("L") for name in ("topic, topic", "institution, institution") for link in root.findall("a")
             if link.get("aria-label") == name for part in link if part.tag == "path"]  # fmt: skip
    assert paths == [3, 5]
    assert root.findall("path[@class='e']")


@given(
    st.dictionaries(
        st.sampled_from(
            ["kinds", "since", "until", "min", "steps", "topic", "q", "open", "hide", "sel", "trail", "view"]
        ),
        st.one_of(
            LABELS,
            st.sampled_from(
                [
                    "2020",
                    "1999",
                    "0.5",
                    "2",
                    "person:2222222222",
                    "2222222222",
                    "person,work",
                    "table",
                    "person:2222222222.work work:3333333333",
                    "person:2222222222.",
                    "topic:4444444444.person.work",
                ]
            ),
        ),
    )
)
def test_the_address_of_a_view_asks_for_the_same_view(asked: dict[str, str]) -> None:
    one = view(CENTER.ref, asked)
    assert one.query().startswith(one.center.explore)
    again = view(Ref("person", one.center.public_id), dict_of(one.query()))
    assert again == one


def dict_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


def further_out(many: int) -> Neighborhood:
    """Somebody at each of two sides, of whom so many others are known."""
    sides = [Node("person", f"a{side:09}", "", f"Side {side}", 1) for side in range(2)]
    others = [Node("topic", f"b{place:09}", "", f"Topic {place}", 1, steps=2) for place in range(many)]
    edges = [Edge(CENTER.id, side.id, 1) for side in sides]
    edges += [Edge(sides[place % 2].id, other.id, 1) for place, other in enumerate(others)]
    return Neighborhood(CENTER, [*sides, *others], edges, [], len(edges))


def test_what_was_unfolded_stands_outside_near_the_node_it_belongs_to() -> None:
    found = further_out(6)
    placed = places(found)
    middle = placed[CENTER.id]
    far = {node.id: placed[node.id] for node in found.nodes if node.steps > 1}
    near = {node.id: placed[node.id] for node in found.nodes if node.steps == 1}

    def away(place: Place, other: Place) -> float:
        return math.dist((place.x, place.y), (other.x, other.y))

    assert min(away(place, middle) for place in far.values()) > max(away(place, middle) for place in near.values())
    for one, origin in found.origins().items():
        other = next(place for key, place in near.items() if key != origin.id)
        assert away(far[one], near[origin.id]) < away(far[one], other)


def test_nodes_further_out_do_not_touch_however_many_there_are() -> None:
    for many in (1, 7, 60, 140):
        found = further_out(many)
        boxes = [place.box for place in places(found).values()]
        assert not any(one.meets(other) for one, other in combinations(boxes, 2))


def test_the_strongest_edge_is_the_widest() -> None:
    nodes = [Node("person", f"a{place:09}", "", f"N {place}", 1, place / 10) for place in range(4)]
    edges = [Edge(CENTER.id, node.id, 1, node.strength) for node in nodes]
    found = Neighborhood(CENTER, nodes, edges, [], len(edges))
    root = ET.fromstring(str(picture(found, view(CENTER.ref, {}), letters={})))  # noqa: S314 - our own
    widths = [float(path.get("stroke-width", "0")) for path in root.findall("path")]
    assert widths == [1.0, 1.5, 1.9, 2.4]
