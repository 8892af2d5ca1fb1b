"""Connections to the public internet only: what somebody typed as an address must not reach the machines around us.

The name is resolved here and the connection made to the very address that was looked at, so that a name which means
something else a moment later is of no use; redirects come the same way.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx


class NotPublicError(httpx.UnsupportedProtocol):
    """The address is not one of the public internet."""


class PublicOnly(httpx.BaseTransport):
    """A transport that connects to public addresses only. Raises NotPublicError for any other."""

    def __init__(self, *, limits: httpx.Limits) -> None:
        self._inner = httpx.HTTPTransport(limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.BaseTransport`."""
        host = request.url.host
        address = public_address(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            # The Host header names the host already, and so does the certificate that is asked for.
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(pinned)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def public_address(host: str, port: int) -> str:
    """An address of the host, if all it has are public. Raises NotPublicError, or ConnectError for a name nobody knows."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} is not known: {error}") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(_is_public(address) for address in addresses):
        raise NotPublicError(f"{host} is no address of the public internet.")
    # Many machines have no way out by IPv6, and every host that matters here has the older kind as well.
    return str(min(addresses, key=lambda address: address.version))


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None and not mapped.is_global:
        return False
    return address.is_global and not address.is_multicast
