"""A server on loopback that answers with JSON, for the APIs that tests imitate."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class JsonHandler(BaseHTTPRequestHandler):
    """Sends JSON, and keeps quiet about it."""

    server: Any

    def log_message(self, *_: object) -> None:
        pass

    def received(self) -> dict[str, Any]:
        """What came with the request; empty where nothing did."""
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        return body

    def send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Answer the request."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def served(handler: type[JsonHandler]) -> Iterator[Any]:
    """The server while it runs, on a free port."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
