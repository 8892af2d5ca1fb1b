"""Read-only API of the graph: what is next to an entity, how two people are connected, why two entities are joined."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from graph import elsewhere, path_selectors
from graph.busy import api_in_turn
from graph.explorer_picture import label_of, places, widths
from graph.exploring import KINDS, OF_SECTION, PERSON, STEPS, Ref, ref, view
from graph.joining_selectors import in_common, joining
from graph.neighborhood import Count, Neighborhood
from graph.neighborhood_selectors import neighborhood
from researchgraph.lib.schemas import schema

if TYPE_CHECKING:
    from rest_framework.request import Request

    from graph.joining_selectors import Joining
    from graph.path_selectors import Person
    from profiles.api import Redirect


class GraphNode(msgspec.Struct, frozen=True):
    """An entity. `works` join it to the center, `strength` is what they add up to at present, see
    docs/collaboration.md; of one more than a step away, to the node that led there. `short` is the label cut to what fits.

    `x`, `y` and `size` (half the width) are its place in a square of 760. `state` says what has become of the tie of two people,
    new, active or lapsed, unless years or a topic are asked for; `group` is the letter of the people who write with each other.
    """

    id: str
    kind: str
    label: str
    short: str
    url: str
    works: int
    strength: float
    strength_in_all: float
    first_year: int | None
    last_year: int | None
    steps: int
    x: float
    y: float
    size: float
    state: str
    group: str


class GraphEdge(msgspec.Struct, frozen=True):
    """What joins two nodes: works, or of two works the authors in common, and the strength of two people at present (0 for
    other kinds); `width` is that in a picture.
    """

    source: str
    target: str
    works: int
    strength: float
    width: float


class Graph(msgspec.Struct, frozen=True):
    """What is next to one entity: `nodes` begins with the center. `counts` says how many there are beside those shown."""

    center: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    counts: list[Count]
    edges_total: int
    sampled: bool


class PathWork(msgspec.Struct, frozen=True):
    """A work that joins two entities, and what it adds to their strength: 0 unless both are people."""

    public_id: str
    url: str
    title: str
    year: int | None
    authors: int
    adds: float


class PathPerson(msgspec.Struct, frozen=True):
    """Somebody on a way."""

    public_id: str
    name: str
    url: str


class PathStep(msgspec.Struct, frozen=True):
    """From one person to the next, with some of the works of both."""

    before: PathPerson
    after: PathPerson
    strength: float
    works: list[PathWork]
    works_total: int


class PathWay(msgspec.Struct, frozen=True):
    """One way; `resistance` is the sum of 1 / strength."""

    steps: list[PathStep]
    resistance: float


class Paths(msgspec.Struct, frozen=True):
    """The ways between two people. `given_up`: the search met its limits before it found an answer; `cut_short`: after it had
    found these, so that a better one may not have been seen.
    """

    ways: list[PathWay]
    given_up: bool
    cut_short: bool


class JoiningWorks(msgspec.Struct, frozen=True):
    """Works of both entities, the newest first; of two works the authors of both, in the order of the first one."""

    total: int
    works: list[PathWork]
    authors_total: int
    authors: list[PathPerson]


FILTERS: Final = [
    OpenApiParameter("kinds", str, description=f"Of {', '.join(KINDS)}, separated by commas; all unless told."),
    OpenApiParameter("since", int, description="First year of the works that count."),
    OpenApiParameter("until", int, description="Last year of the works that count."),
    OpenApiParameter("min", float, description="Smallest strength of a person."),
    OpenApiParameter("steps", int, enum=STEPS, description="How far people are followed."),
    OpenApiParameter("topic", str, description="Public id of a topic that works have to be on."),
    OpenApiParameter("q", str, description="What labels have to contain."),
    OpenApiParameter(
        "open",
        str,
        description="Whose neighbors are shown as well: person:2x4g… or person:2x4g….work, separated by spaces.",
    ),
    OpenApiParameter("hide", str, description="What is left out: person:2x4g…, separated by spaces."),
]


@extend_schema(operation_id="graph_neighborhood", parameters=FILTERS, responses={200: schema(Graph)})
@api_view(["GET"])
@api_in_turn
def around(request: Request, section: str, public_id: str) -> HttpResponse:
    """What is next to one entity, the strongest first; carries an ETag. A joined record leads to the one that goes on."""
    asked = view(
        Ref(OF_SECTION[section], public_id), request.query_params.dict(), kinds=request.query_params.getlist("kinds")
    )
    found = neighborhood(asked)
    if found is None:
        if gone := elsewhere.answer(request, [asked.center]):
            return gone
        raise NotFound("There is nothing with this id.")
    body = msgspec.json.encode(_graph(found))
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="application/json", headers={"ETag": tag})
    # Django's own request, which is what the framework calls it.
    conditional = get_conditional_response(request._request, etag=tag, response=response)  # noqa: SLF001
    return response if conditional is None else conditional


def _graph(found: Neighborhood) -> Graph:
    placed, letters = places(found), found.letters()
    nodes = [
        GraphNode(
            node.id, node.kind, node.label, label_of(node), node.href, node.works, node.strength, node.in_all,
            node.first_year, node.last_year, node.steps, *placed[node.id], node.state, letters.get(node.id, ""),
        )
        for node in (found.center, *found.nodes)
    ]  # fmt: skip
    edges = [
        GraphEdge(edge.source, edge.target, edge.works, edge.strength, wide)
        for edge, wide in zip(found.edges, widths(found.edges), strict=True)
    ]
    return Graph(found.center.id, nodes, edges, found.counts, found.edges_total, found.sampled)


@extend_schema(
    operation_id="graph_path",
    parameters=[
        OpenApiParameter("a", str, required=True, description="Public id of a researcher."),
        OpenApiParameter("b", str, required=True, description="Public id of another."),
        OpenApiParameter("by", str, enum=["steps", "strength"], description="The fewest steps unless told."),
    ],
    responses={200: schema(Paths)},
)
@api_view(["GET"])
@api_in_turn
def path(request: Request) -> Response | Redirect:
    """How two researchers are connected: the shortest ways over shared works, or the strongest."""
    one, other = (ref(f"{PERSON}:{request.query_params.get(name, '')}") for name in ("a", "b"))
    ends = path_selectors.people(one.public_id, other.public_id) if one and other else None
    if ends is None:
        if gone := elsewhere.answer(request, [end for end in (one, other) if end]):
            return gone
        raise NotFound("There is no researcher with one of these ids.")
    found = path_selectors.connection(*ends, strongest=request.query_params.get("by") == "strength")
    ways = [
        PathWay([
            PathStep(_person(s.before), _person(s.after), s.strength, [_work(w) for w in s.works], s.works_total)
            for s in way.steps
        ], way.resistance)
        for way in found.ways
    ]  # fmt: skip
    return Response(msgspec.to_builtins(Paths(ways, found.given_up, found.cut_short)))


def _person(one: Person) -> PathPerson:
    return PathPerson(one.public_id, one.name, one.href)


def _work(one: Joining, *, people: bool = True) -> PathWork:
    return PathWork(one.public_id, one.href, one.title, one.year, one.authors, one.adds if people else 0.0)


@extend_schema(
    operation_id="graph_joining",
    parameters=[
        OpenApiParameter("a", str, required=True, description="An entity by kind and public id: person:2x4g…"),
        OpenApiParameter("b", str, required=True, description="Another one."),
        *[one for one in FILTERS if one.name in {"since", "until", "topic"}],
    ],
    responses={200: schema(JoiningWorks)},
)
@api_view(["GET"])
@api_in_turn
def joined(request: Request) -> Response | Redirect:
    """Why two entities are joined: the works that belong to both, or the authors of two works."""
    one, other = ref(request.query_params.get("a", "")), ref(request.query_params.get("b", ""))
    if one is None or other is None:
        raise ValidationError("a and b have to be a kind and a public id, such as person:2x4g5n7r9s.")
    total, works = joining(one, other, view(one, request.query_params.dict()))
    authors_total, authors = in_common(one, other)
    if not total and not authors and (gone := elsewhere.answer(request, [one, other])):
        return gone
    people = one.kind == other.kind == PERSON
    return Response(
        msgspec.to_builtins(
            JoiningWorks(
                total,
                [_work(work, people=people) for work in works],
                authors_total,
                [PathPerson(author.public_id, author.label, author.href) for author in authors],
            )
        )
    )
