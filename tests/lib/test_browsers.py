"""What a browser calls itself, in words somebody would use."""

from __future__ import annotations

import pytest

from researchgraph.lib.browsers import called

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36", "Chrome on Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36 Edg/156.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on a Mac"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {WEBKIT} Version/19.0 Safari/604.1",
            "Safari on an iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 16) {WEBKIT} SamsungBrowser/30.0 Chrome/150.0 Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("curl/8.5.0", "an unknown program"),
        ("", "an unknown program"),
    ],
)
def test_browsers_are_called_what_people_call_them(user_agent: str, name: str) -> None:
    assert called(user_agent) == name
