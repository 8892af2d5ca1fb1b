"""Which byline somebody says is theirs, and which records go with it."""

from __future__ import annotations

from django import forms

from profiles.claim_forms import PublicIds


class SlotForm(forms.Form):
    """One byline by its key; records to claim with it, if the person holds none."""

    byline = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    record = PublicIds(required=False)
