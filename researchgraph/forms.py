"""What curators say, of records and of works, checked before anything is kept."""

from __future__ import annotations

from typing import Any, Final

from django import forms

REASON_LIMIT: Final = 500
KEYS: Final = r"^[0-9]{1,18}(\.[0-9]{1,18}){0,20}$"
"""Keys of rows in one field, joined by dots."""


class AnswerForm(forms.Form):
    """A curator's answer to a question on the state that `state` names, or what they do with the question itself.

    `like` holds further questions with their states, as `Alike` of the page has them; it is followed only if `also` is
    ticked.
    """

    d = forms.CharField(max_length=10)
    state = forms.RegexField(r"^[0-9a-f]{32}$", required=False)
    candidate = forms.IntegerField(min_value=1, required=False)
    reason = forms.CharField(max_length=REASON_LIMIT, required=False)
    also = forms.BooleanField(required=False)
    like = forms.RegexField(r"^[0-9]{1,18}:[0-9a-f]{32}( [0-9]{1,18}:[0-9a-f]{32}){0,19}$", required=False)

    def alike(self) -> list[tuple[int, str]]:
        """The further questions to answer the same way, each with its state."""
        given = self.cleaned_data
        pairs = [one.split(":") for one in given["like"].split()] if given["also"] else []
        return [(int(review), state) for review, state in pairs]


class TakeBackForm(forms.Form):
    """What to take back: decisions by their events, or the putting aside of questions."""

    events = forms.RegexField(KEYS, required=False)
    reviews = forms.RegexField(KEYS, required=False)

    def clean_events(self) -> list[int]:
        """Their keys."""
        return [int(key) for key in self.cleaned_data["events"].split(".") if key]

    def clean_reviews(self) -> list[int]:
        """The keys of the questions."""
        return [int(key) for key in self.cleaned_data["reviews"].split(".") if key]

    def clean(self) -> dict[str, Any]:
        """Something of either."""
        given: dict[str, Any] = super().clean() or {}
        if not given.get("events") and not given.get("reviews"):
            self.add_error(None, "There is nothing to take back.")
        return given


class UndoForm(forms.Form):
    """A decision to take back from a history, and why."""

    event = forms.IntegerField(min_value=1)
    reason = forms.CharField(max_length=REASON_LIMIT)
