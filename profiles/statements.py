"""What the author of a claimed record may say on its page: the fields, their shapes and limits, and what is in force. Pure.

The newest statement of a field counts while its claim holds the record and is not frozen. So what somebody said goes with
their claim, without a row being touched.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

from profiles.claims import GRANTED_SQL
from researchgraph.lib.links import safe_url
from researchgraph.lib.text import clean, fold

BIOGRAPHY_LIMIT: Final = 2_000
NOTE_LIMIT: Final = 400
NAME_LIMIT: Final = 200
PHRASE_LIMIT: Final = 60
PLACE_LIMIT: Final = 160
VARIANTS_AT_MOST: Final = 10
LINKS_AT_MOST: Final = 8
INTERESTS_AT_MOST: Final = 12
PINS_AT_MOST: Final = 5

T = TypeVar("T")

_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}")


class Field(StrEnum):
    """One thing that an author says."""

    NAME = "name"
    VARIANTS = "variants"
    BIOGRAPHY = "biography"
    POSITION = "position"
    INTERESTS = "interests"
    LINKS = "links"
    COLLABORATION = "collaboration"
    PINNED = "pinned"
    FOLLOWERS = "followers"


LABELS: Final[dict[str, str]] = {
    Field.NAME: "Name shown",
    Field.VARIANTS: "Other spellings",
    Field.BIOGRAPHY: "Biography",
    Field.POSITION: "Current position",
    Field.INTERESTS: "Research interests",
    Field.LINKS: "Links",
    Field.COLLABORATION: "Open to collaborate",
    Field.PINNED: "Featured works",
    Field.FOLLOWERS: "Follower count",
}
"""What people read."""


class Name(msgspec.Struct, frozen=True, omit_defaults=True):
    """The name to print everywhere, "" for that of the sources. `old_names`: a search for another one finds the record."""

    name: str = ""
    old_names: bool = False


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the author does, where, and since which year."""

    title: str = ""
    institution: str = ""
    since: int | None = None


class Link(msgspec.Struct, frozen=True):
    """A page of the author's, and what it is called."""

    label: str
    url: str


class Collaboration(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the author would like to hear from others, and about what."""

    open: bool = False
    note: str = ""


class Followers(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether pages keep the number of followers to themselves."""

    hidden: bool = False


SHAPES: Final[dict[Field, Any]] = {
    Field.NAME: Name,
    Field.VARIANTS: list[str],
    Field.BIOGRAPHY: str,
    Field.POSITION: Position,
    Field.INTERESTS: list[str],
    Field.LINKS: list[Link],
    Field.COLLABORATION: Collaboration,
    Field.PINNED: list[int],
    Field.FOLLOWERS: Followers,
}
"""The value of each field; that of the pinned works are keys, the first first."""

NOTHING: Final[dict[Field, Any]] = {
    field: shape() if isinstance(shape, type) else [] for field, shape in SHAPES.items()
}
"""The value of a field of which nothing is said."""


class Said(msgspec.Struct, frozen=True):
    """Everything in force for one record. `back` are the addresses among the links whose pages link back to the record."""

    name: Name = Name()
    variants: list[str] = []
    biography: str = ""
    position: Position = Position()
    interests: list[str] = []
    links: list[Link] = []
    collaboration: Collaboration = Collaboration()
    pinned: list[int] = []
    followers: Followers = Followers()
    back: list[str] = []

    def value(self, field: Field) -> Any:
        """The value of one field."""
        return getattr(self, field.value)

    @property
    def paragraphs(self) -> list[str]:
        """The biography, without empty lines."""
        return [line for line in self.biography.splitlines() if line]


class NotSayable(ValueError):
    """The value is none that a page may print; the message says why, for the author."""


def checked(field: Field, value: Any) -> Any:
    """The value in its shape, cleaned of what cannot be seen. Raises NotSayable."""
    try:
        given = msgspec.convert(value, SHAPES[field])
    except msgspec.ValidationError as error:
        raise NotSayable(f"{LABELS[field]} could not be read.") from error
    match field:
        case Field.NAME:
            return Name(_name(given.name), old_names=given.old_names) if given.name else Name()
        case Field.VARIANTS:
            return _few([_name(one) for one in given if clean(one)], VARIANTS_AT_MOST, "spellings")
        case Field.BIOGRAPHY:
            return "\n".join(
                _phrase(line, BIOGRAPHY_LIMIT) for line in _within(given, BIOGRAPHY_LIMIT).splitlines()
            ).strip()
        case Field.POSITION:
            return _position(given)
        case Field.INTERESTS:
            return _few([one for line in given if (one := _phrase(line, PHRASE_LIMIT))], INTERESTS_AT_MOST, "interests")
        case Field.LINKS:
            return _few([_link(one) for one in given], LINKS_AT_MOST, "links")
        case Field.COLLABORATION:
            return Collaboration(open=given.open, note=_phrase(" ".join(given.note.split()), NOTE_LIMIT))
        case Field.PINNED:
            return _few(given, PINS_AT_MOST, "featured works")
        case Field.FOLLOWERS:
            return given


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise NotSayable(f"At most {limit:,} characters, please.")
    return text


def _phrase(text: str, limit: int) -> str:
    found = clean(_within(text, limit))
    if _EMAIL.search(found):
        raise NotSayable("Leave e-mail addresses out: everybody can read this page, programs too.")
    return found


def _name(text: str) -> str:
    found = _phrase(text, NAME_LIMIT)
    if not fold(found):
        raise NotSayable("A name has letters.")
    return found


def _position(given: Position) -> Position:
    found = Position(_phrase(given.title, PLACE_LIMIT), _phrase(given.institution, PLACE_LIMIT), given.since)
    if not found.title and not found.institution:
        if given.since is not None:
            raise NotSayable("Say what the position is, or where.")
        return Position()
    return found


def _link(given: Link) -> Link:
    url = safe_url(given.url)
    if not url:
        raise NotSayable(f"{clean(given.url)[:100]} is not the address of a page.")
    return Link(_phrase(given.label, PHRASE_LIMIT) or url.partition("://")[2].partition("/")[0], url)


def _few(given: list[T], most: int, what: str) -> list[T]:
    found = [one for place, one in enumerate(given) if one not in given[:place]]
    if len(found) > most:
        raise NotSayable(f"At most {most} {what}, please.")
    return found


IN_FORCE: Final = f"""
    SELECT DISTINCT ON (s.field) s.field, s.value FROM profiles_ownstatement s JOIN profiles_claim c ON c.id = s.claim_id
     WHERE s.researcher_id = ANY({{keys}}) AND c.level IS NOT NULL AND c.state IN {GRANTED_SQL}
     ORDER BY s.field, s.id DESC
"""  # noqa: S608 - a constant
"""The statements in force of one record, one row a field; `{keys}` is SQL for the keys of all that it is made of."""

VARIANTS: Final = f"""
    SELECT DISTINCT ON (r.id) r.id, ARRAY(SELECT jsonb_array_elements_text(s.value)) FROM profiles_researcher r
      JOIN profiles_researcher n ON n.id = r.id OR n.merged_into_id = r.id
      JOIN profiles_ownstatement s ON s.researcher_id = n.id AND s.field = 'variants'
      JOIN profiles_claim c ON c.id = s.claim_id AND c.level IS NOT NULL AND c.state IN {GRANTED_SQL}
     WHERE r.id = ANY(%s) ORDER BY r.id, s.id DESC
"""  # noqa: S608 - a constant
"""The other spellings that authors state, for many records at once."""

SAID: Final = f"""
    (SELECT (json_object_agg(f.field, f.value)::jsonb || jsonb_build_object('back', coalesce(
              (SELECT jsonb_agg(b.url ORDER BY b.url) FROM profiles_linkback b
                WHERE b.researcher_id = ANY({{keys}}) AND b.found), '[]'::jsonb)))::text
       FROM ({IN_FORCE}) f)
"""  # noqa: S608 - constants
"""All of that as one JSON text, for `Said`; null for a record of which its author says nothing."""

_said = msgspec.json.Decoder(Said).decode


def said(stored: str | None) -> Said:
    """What is stored, decoded."""
    return _said(stored) if stored else Said()
