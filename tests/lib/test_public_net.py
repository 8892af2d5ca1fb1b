"""What somebody typed as an address reaches nothing but the public internet."""

from __future__ import annotations

import pytest

from researchgraph.errors import SourceUnavailable
from researchgraph.lib.http import Http
from researchgraph.lib.public_net import NotPublicError, public_address
from tests.upstream import serving

AGENT = "researchgraph tests (mailto:tests@example.org)"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "0.0.0.0", "::1", "::ffff:127.0.0.1", "169.254.169.254", "100.64.0.1", "10.0.0.1",  # noqa: S104 - nothing is bound to it
        "192.168.1.1", "172.16.0.1", "fd00::1", "fe80::1", "2130706433", "0x7f.1", "224.0.0.1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_no_other_address_is_public(host: str) -> None:
    with pytest.raises(NotPublicError, match="no address of the public internet"):
        public_address(host, 80)


def test_a_public_address_is_the_one_connected_to() -> None:
    assert public_address("1.1.1.1", 443) == "1.1.1.1"
    assert public_address("2606:4700:4700::1111", 443) == "2606:4700:4700::1111"


def test_a_client_refuses_what_is_near_and_asks_nobody() -> None:
    with serving(lambda _: (200, b"secret")) as upstream:
        with pytest.raises(SourceUnavailable, match="public internet"):
            Http(user_agent=AGENT).get(upstream.url, interval=0)
        assert upstream.asked == []
        assert upstream.client().get(upstream.url, interval=0).content == b"secret"


def test_a_client_for_a_source_stays_on_the_public_internet() -> None:
    assert Http.for_source("oai", contact="ops@example.org").anywhere is False
