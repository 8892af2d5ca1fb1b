"""A scripted upstream on loopback: what it is asked is written down, what it answers is up to the test."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from researchgraph.lib.http import Http

Parameters = dict[str, str]
Answer = tuple[int, bytes] | tuple[int, bytes, dict[str, str]]
Script = Callable[[Parameters], Answer]
"""From the parameters of a request to status, body and perhaps headers."""


@dataclass
class Upstream:
    """Where the server is; parameters, path and headers of each request; the pauses its client was told to make."""

    address: str
    asked: list[Parameters] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        """An address below the server's."""
        return f"{self.address}/oai"

    def client(self) -> Http:
        """A client that notes its pauses instead of making them."""
        return client(self.pauses)


def client(pauses: list[float] | None = None) -> Http:
    """A client that notes its pauses, in `pauses` if given, instead of making them."""
    return Http(
        user_agent="researchgraph tests (mailto:tests@example.org)",
        attempts=3,
        timeout=5,
        sleep=(pauses if pauses is not None else []).append,
        anywhere=True,
    )


def body(value: Any) -> bytes:
    """A value as a service of JSON sends it."""
    return json.dumps(value, ensure_ascii=False).encode()


@contextmanager
def serving(script: Script) -> Iterator[Upstream]:
    """A server that answers every GET by the script."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
            upstream.asked.append(parameters)
            upstream.paths.append(address.path)
            upstream.headers.append(dict(self.headers.items()))
            status, body, *more = script({**parameters, "path": address.path, "host": self.headers["Host"]})
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(more[0] if more else {})}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):
                # Who has lost patience is gone.
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    upstream = Upstream(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
