"""What the follow button, the feed and the notifications send."""

from __future__ import annotations

from django import forms


class FollowForm(forms.Form):
    """Whether to follow or not to, and where to go back to."""

    follow = forms.ChoiceField(choices=[("yes", "Follow"), ("no", "Stop following")])
    next = forms.CharField(required=False, max_length=500)


class ReadForm(forms.Form):
    """The newest entry, or notification, there was."""

    upto = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class ChoicesForm(forms.Form):
    """What an account wants to hear: only what is ticked is sent."""

    records = forms.BooleanField(required=False)
    works = forms.BooleanField(required=False)
