"""What tests of following share: accounts, and records that come in after somebody began to follow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from graph.feed_selectors import Entry, entries
from graph.flows import notify
from graph.flows.deliver import deliver
from graph.flows.follow import follow
from graph.flows.news import compose
from graph.follow_models import FollowKind
from graph.notification_selectors import Line, notification_page
from profiles.models import Researcher
from tests.pipeline import importworks, write
from works.models import Authorship

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def account(name: str = "reader") -> User:
    return get_user_model().objects.create_user(name)


def bring(folder: Path, *records: dict[str, Any]) -> None:
    """Import records to the end, and tell everybody of them."""
    assert importworks(write(folder / "works.jsonl", records)).status == 0
    tell()


def tell() -> None:
    """What a worker does: news, then entries, then notifications."""
    while compose() or deliver() or notify.rearranged() or notify.works():
        pass


def holder(title: str, name: str) -> Researcher:
    """Who a byline belongs to."""
    found = Authorship.objects.get(work__title=title, raw_name=name).researcher
    assert found is not None
    return found


def following(user: User, *researchers: Researcher) -> User:
    """The account, which follows these from now on."""
    for one in researchers:
        follow(account=user.pk, kind=FollowKind.RESEARCHER, subject=one.pk)
    return user


def told(user: User) -> dict[str, str]:
    """What stands in the feed: titles, and what for; what is no longer listed somewhere with a minus."""
    return {entry.work.title: said(entry) for entry in entries(user.pk)}


def said(entry: Entry) -> str:
    names = [f"-{reason.name}" if reason.withdrawn else reason.name for reason in entry.reasons]
    return ", ".join(sorted(names))


def lines(user: User) -> list[Line]:
    """The notifications of an account, the newest first."""
    return notification_page(user.pk).lines


def heard(user: User) -> list[str]:
    """What they say."""
    return [line.sentence for line in lines(user)]
