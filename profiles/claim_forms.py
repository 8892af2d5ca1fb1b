"""What claimants and curators say about claims, checked before anything is kept."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms

from profiles.claim_models import VouchAnswer
from profiles.claims import Reason
from researchgraph.lib.links import safe_url
from researchgraph.lib.text import clean

TEXT_LIMIT: Final = 2_000
URL_LIMIT: Final = 500
SEVERAL: Final = 50
"""Claims that one decision of a curator may be about."""


class TextField(forms.CharField):
    """A text of several lines, without what cannot be seen."""

    def clean(self, value: Any) -> str:
        """Line by line."""
        return "\n".join(clean(line) for line in str(super().clean(value)).splitlines()).strip()


class PublicIds(forms.MultipleChoiceField):
    """Public ids of records, whichever there are."""

    def valid_value(self, value: str) -> bool:
        """Whether it looks like one."""
        return re.fullmatch(r"[0-9a-z]{10}", value) is not None


class BeginForm(forms.Form):
    """Records to claim."""

    record = PublicIds()


class ActForm(forms.Form):
    """What a claimant does with a claim: a text, one of its pages, or one of its records."""

    text = TextField(
        required=False,
        max_length=TEXT_LIMIT,
        error_messages={"max_length": f"At most {TEXT_LIMIT:,} characters, please."},
    )
    evidence = forms.IntegerField(required=False, min_value=1)
    record = forms.IntegerField(required=False, min_value=1)


class PageForm(forms.Form):
    """The address of a page that shall carry a code."""

    page = forms.URLField(
        max_length=URL_LIMIT,
        assume_scheme="https",
        error_messages={"required": "Name the page.", "invalid": "This does not look like the address of a page."},
    )

    def clean_page(self) -> str:
        """A web address, without the part that no server sees."""
        address = safe_url(self.cleaned_data["page"].partition("#")[0])
        if not address.startswith(("http://", "https://")):
            raise forms.ValidationError("This does not look like the address of a page.")
        return address


class VouchForm(forms.Form):
    """Whether a co-author vouches."""

    d = forms.TypedChoiceField(choices=VouchAnswer.choices, coerce=VouchAnswer)


class DecisionForm(forms.Form):
    """What a curator does with a claim. Without a text the claimant reads that of the reason."""

    d = forms.ChoiceField(choices=[(d, d) for d in ("ask", "approve", "reject", "revoke", "freeze")])
    code = forms.ChoiceField(required=False)
    text = TextField(required=False, max_length=TEXT_LIMIT)

    def __init__(self, *args: Any, reasons: list[Reason], **options: Any) -> None:
        super().__init__(*args, **options)
        self.reasons = {reason.code: reason.text for reason in reasons}
        self.fields["code"] = forms.ChoiceField(required=False, choices=[(code, code) for code in self.reasons])

    def clean(self) -> dict[str, Any]:
        """Everything but an approval has a reason of the library, and all of it a text for the claimant."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("d") != "approve" and not given.get("code"):
            self.add_error("code", "Choose a reason; the claimant will want to know.")
        if given.get("d") == "approve":
            given["code"] = ""
        given["text"] = given.get("text") or self.reasons.get(given.get("code", ""), "")
        return given

    @property
    def problem(self) -> str:
        """The first thing that is wrong, in words."""
        return next((str(errors[0]) for errors in self.errors.values()), "The form was not complete.")


class Keys(forms.TypedMultipleChoiceField):
    """Keys of rows, whichever there are."""

    def valid_value(self, value: str) -> bool:
        """Whether it looks like one."""
        return re.fullmatch(r"[1-9][0-9]{0,17}", value) is not None


class SeveralForm(DecisionForm):
    """What a curator does with several claims at once. What takes a look at each is not among it."""

    d = forms.ChoiceField(choices=[(d, d) for d in ("ask", "approve", "reject")])
    claim = Keys(coerce=int, error_messages={"required": "Tick the claims to decide on."})

    def clean_claim(self) -> list[int]:
        """Each once, and not too many."""
        claims = list(dict.fromkeys(self.cleaned_data["claim"]))
        if len(claims) > SEVERAL:
            raise forms.ValidationError(f"At most {SEVERAL} claims at once, please.")
        return claims


class ReasonForm(forms.Form):
    """A reason of the library, new or changed."""

    code = forms.RegexField(
        r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$",
        error_messages={"invalid": "The word takes small letters, digits and hyphens, 3 to 40 of them."},
    )
    text = TextField(max_length=TEXT_LIMIT, error_messages={"required": "Say what the claimant reads."})
    retired = forms.BooleanField(required=False)
