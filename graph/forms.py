"""What the follow button and the feed send."""

from __future__ import annotations

from django import forms


class FollowForm(forms.Form):
    """Whether to follow or not to, and where to go back to."""

    follow = forms.ChoiceField(choices=[("yes", "Follow"), ("no", "Stop following")])
    next = forms.CharField(required=False, max_length=500)


class ReadForm(forms.Form):
    """The newest entry that was shown."""

    upto = forms.IntegerField(min_value=1, max_value=2**63 - 1)
