"""Addresses of the explorer, of the graph in numbers, of following, of the feed, of notifications, and of Atom feeds."""

from __future__ import annotations

from django.urls import path, re_path

from graph import atom_views, explorer_views, follow_views, measure_views, notification_views, views
from profiles.urls import ID, SLUG

KIND = r"(?P<kind>researcher|topic|institution)"
OTHER = r"(?P<other>[0-9a-z]{10})"
LISTED = r"(?P<kind>topic|institution)"

SECTION = r"(?P<section>researchers|works|topics|institutions)"
FORM = r"(?P<form>csv|graphml|gexf|json|svg)"

urlpatterns = [
    path("explore/", explorer_views.begin, name="explore"),
    path("explore/path/", explorer_views.path, name="explore-path"),
    re_path(rf"^explore/{SECTION}/{ID}/$", explorer_views.explore, name="explore-around"),
    re_path(rf"^explore/{SECTION}/{ID}/export\.{FORM}$", explorer_views.export, name="explore-export"),
    re_path(rf"^researchers/{ID}/graph/$", views.explorer),
    re_path(rf"^researchers/{ID}/{SLUG}/graph/$", views.explorer, name="explorer"),
    re_path(rf"^researchers/{ID}/with/{OTHER}/$", views.tie),
    re_path(rf"^researchers/{ID}/{SLUG}/with/{OTHER}/$", views.tie, name="tie"),
    re_path(rf"^{KIND}s/{ID}/follow/$", follow_views.button, name="follow"),
    re_path(rf"^researchers/{ID}/feed\.atom$", atom_views.researcher),
    re_path(rf"^researchers/{ID}/{SLUG}/feed\.atom$", atom_views.researcher, name="researcher-feed"),
    re_path(rf"^{LISTED}s/{ID}/feed\.atom$", atom_views.listed),
    re_path(rf"^{LISTED}s/{ID}/{SLUG}/feed\.atom$", atom_views.listed, name="listed-feed"),
    path("about/graph/", measure_views.numbers, name="about-graph"),
    path("me/feed/", follow_views.feed, name="feed"),
    path("me/feed/read/", follow_views.mark_read, name="feed-read"),
    path("me/feed/address/", follow_views.renew_address, name="feed-address"),
    path("me/feed/address/revoke/", follow_views.revoke_address, name="feed-address-revoke"),
    path("me/following/", follow_views.following, name="following"),
    path("notifications/", notification_views.notifications, name="notifications"),
    path("notifications/read/", notification_views.mark_read, name="notifications-read"),
    path("notifications/choices/", notification_views.choose, name="notifications-choices"),
    re_path(r"^feeds/(?P<secret>[A-Za-z0-9_-]{43})/feed\.atom$", atom_views.own, name="own-feed"),
]
