"""What authors send from their own page, read into the values of `profiles.statements`."""

from __future__ import annotations

import re
from abc import ABCMeta, abstractmethod
from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.forms.forms import DeclarativeFieldsMetaclass

from profiles import statements
from profiles.statements import LINKS_AT_MOST, Field, NotSayable, Said, checked

FIRST_YEAR, LAST_YEAR = 1900, 2100


class _SayingMeta(DeclarativeFieldsMetaclass, ABCMeta):
    """Forms have a metaclass of their own."""


class _Saying(forms.Form, metaclass=_SayingMeta):
    """A form whose values are statements; what is wrong stands beside the field that it is about."""

    ASKED: dict[Field, str] = {}
    """Each field that the form speaks of, and the input that a complaint stands beside."""

    @abstractmethod
    def values(self) -> dict[Field, Any]:
        """What is said, by field, not checked yet."""

    @staticmethod
    @abstractmethod
    def initially(said: Said) -> dict[str, Any]:
        """What stands in the form before anything is typed."""

    def clean(self) -> dict[str, Any]:
        """Every value has to be one that a page may print."""
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        for field, value in self.values().items():
            try:
                checked(field, value)
            except NotSayable as refused:
                self.add_error(self.ASKED[field], str(refused))
        return given


class AboutForm(_Saying):
    """Biography, position, interests, other spellings and links."""

    ASKED = {
        Field.BIOGRAPHY: "biography",
        Field.POSITION: "title",
        Field.INTERESTS: "interests",
        Field.VARIANTS: "variants",
        Field.LINKS: "url_0",
    }

    biography = forms.CharField(required=False, strip=True, widget=forms.Textarea(attrs={"rows": 6}))
    title = forms.CharField(required=False, max_length=statements.PLACE_LIMIT)
    institution = forms.CharField(required=False, max_length=statements.PLACE_LIMIT)
    since = forms.IntegerField(
        required=False,
        min_value=FIRST_YEAR,
        max_value=LAST_YEAR,
        error_messages={
            "invalid": "A year, such as 2021.",
            "min_value": "A year, such as 2021.",
            "max_value": "A year, such as 2021.",
        },
    )
    interests = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))
    variants = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for place in range(LINKS_AT_MOST):
            self.fields[f"label_{place}"] = forms.CharField(required=False, max_length=statements.PHRASE_LIMIT)
            self.fields[f"url_{place}"] = forms.CharField(required=False, max_length=500)

    def links(self) -> Iterator[tuple[forms.BoundField, forms.BoundField]]:
        """The rows for links: what it is called, and the address."""
        for place in range(LINKS_AT_MOST):
            yield self[f"label_{place}"], self[f"url_{place}"]

    def values(self) -> dict[Field, Any]:
        """What is said."""
        given = self.cleaned_data
        pairs = [(given[f"label_{place}"], _address(given[f"url_{place}"])) for place in range(LINKS_AT_MOST)]
        return {
            Field.BIOGRAPHY: given["biography"],
            Field.POSITION: {
                "title": given["title"], "institution": given["institution"], "since": given["since"]
            },
            Field.INTERESTS: given["interests"].splitlines(),
            Field.VARIANTS: given["variants"].splitlines(),
            Field.LINKS: [{"label": label, "url": url} for label, url in pairs if url],
        }  # fmt: skip

    @staticmethod
    def initially(said: Said) -> dict[str, Any]:
        """What stands in the form before anything is typed."""
        links = {f"label_{place}": link.label for place, link in enumerate(said.links)}
        return {
            "biography": said.biography,
            "title": said.position.title,
            "institution": said.position.institution,
            "since": said.position.since,
            "interests": "\n".join(said.interests),
            "variants": "\n".join(said.variants),
            **links,
            **{f"url_{place}": link.url for place, link in enumerate(said.links)},
        }


def _address(typed: str) -> str:
    """An address as people type it: without a scheme it is https."""
    return typed if not typed or "://" in typed else f"https://{typed}"


class NameForm(_Saying):
    """The name to print everywhere."""

    ASKED = {Field.NAME: "name"}

    name = forms.CharField(required=False, max_length=statements.NAME_LIMIT)
    old_names = forms.BooleanField(required=False)

    def values(self) -> dict[Field, Any]:
        """What is said."""
        return {Field.NAME: {"name": self.cleaned_data["name"], "old_names": self.cleaned_data["old_names"]}}

    @staticmethod
    def initially(said: Said) -> dict[str, Any]:
        """What stands in the form before anything is typed."""
        return {"name": said.name.name, "old_names": said.name.old_names}


class CollaborationForm(_Saying):
    """Whether the author would like to hear from others."""

    ASKED = {Field.COLLABORATION: "note"}

    open = forms.BooleanField(required=False, widget=forms.CheckboxInput(attrs={"role": "switch", "class": "switch"}))
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def values(self) -> dict[Field, Any]:
        """What is said."""
        return {Field.COLLABORATION: {"open": self.cleaned_data["open"], "note": self.cleaned_data["note"]}}

    @staticmethod
    def initially(said: Said) -> dict[str, Any]:
        """What stands in the form before anything is typed."""
        return {"open": said.collaboration.open, "note": said.collaboration.note}


class PrivacyForm(_Saying):
    """What pages keep to themselves."""

    ASKED = {Field.FOLLOWERS: "hidden"}

    hidden = forms.BooleanField(required=False, widget=forms.CheckboxInput(attrs={"role": "switch", "class": "switch"}))

    def values(self) -> dict[Field, Any]:
        """What is said."""
        return {Field.FOLLOWERS: {"hidden": self.cleaned_data["hidden"]}}

    @staticmethod
    def initially(said: Said) -> dict[str, Any]:
        """What stands in the form before anything is typed."""
        return {"hidden": said.followers.hidden}


FORMS: Final[dict[str, type[_Saying]]] = {
    "about": AboutForm,
    "name": NameForm,
    "collaboration": CollaborationForm,
    "privacy": PrivacyForm,
}
"""The forms of the page, by the word that is sent with them."""


class Keys(forms.TypedMultipleChoiceField):
    """Keys of rows, whichever there are."""

    def valid_value(self, value: Any) -> bool:
        """Whether it looks like one."""
        return re.fullmatch(r"[0-9]{1,18}", str(value)) is not None


class DecideForm(forms.Form):
    """What an author does with works: with those ticked, as `d` says, or with the one whose own button was pressed."""

    d = forms.ChoiceField(required=False, choices=[(d, d) for d in ("mine", "not-mine", "feature", "unfeature", "up")])
    byline = Keys(required=False, coerce=int)
    mine = forms.IntegerField(required=False, min_value=1)
    not_mine = forms.IntegerField(required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        """What to do as `d`, and with which as `byline`, whichever way it was said."""
        given: dict[str, Any] = super().clean() or {}
        for word, one in (("mine", given.get("mine")), ("not-mine", given.get("not_mine"))):
            if one:
                given.update(d=word, byline=[one])
        if not given.get("d") or not given.get("byline"):
            raise forms.ValidationError("Tick the works that you mean.")
        return given


class BackForm(forms.Form):
    """What to take back or put back: a decision by its event, or a statement."""

    event = forms.IntegerField(required=False, min_value=1)
    statement = forms.IntegerField(required=False, min_value=1)
    field = forms.ChoiceField(required=False, choices=[(field.value, field.value) for field in Field])
