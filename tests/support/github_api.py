"""A server on loopback that behaves as GitHub documents, as far as a review needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.json_server import JsonHandler, served

BOT = {"login": "github-actions[bot]", "type": "Bot", "id": 1}


@dataclass
class Repository:
    """State of one pull request. `read_only`: as for a fork; `limited`: how many requests are answered with a rate limit first."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    read_only: bool = False
    limited: int = 0
    broken: bool = False
    requests: list[str] = field(default_factory=list)
    url: str = ""
    token_of: str | None = None
    """Login of the user whose token it is; None for the token of a workflow."""

    def comment(self, body: str, user: dict[str, Any]) -> dict[str, Any]:
        """Add a comment."""
        id = len(self.comments) + 1
        made = {"id": id, "body": body, "user": user, "url": f"{self.url}/repos/acme/platform/issues/comments/{id}"}
        self.comments.append(made)
        return made


class _Handler(JsonHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def _answer(self) -> None:
        repository: Repository = self.server.repository
        target = urlsplit(self.path)
        repository.requests.append(f"{self.command} {target.path}")
        sent = self.received()
        if repository.broken:
            return self.send(500, {"message": "Server Error"})
        if repository.limited > 0:
            repository.limited -= 1
            return self.send(429, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": "1"})
        if repository.read_only and self.command != "GET":
            return self.send(403, {"message": "Resource not accessible by integration"})
        return self._route(repository, target.path, parse_qs(target.query), sent)

    def _route(self, repository: Repository, path: str, query: dict[str, list[str]], sent: dict[str, Any]) -> None:
        base = "/repos/acme/platform"
        url = f"{repository.url}{base}"
        if path == "/user" and repository.token_of is not None:
            return self.send(200, {"login": repository.token_of, "type": "User"})
        if path == "/user":
            return self.send(403, {"message": "Resource not accessible by integration"})
        if path == f"{base}/issues/7":
            return self.send(200, {"number": 7, "url": f"{url}/issues/7"})
        if path == f"{base}/pulls/7":
            return self.send(200, {"number": 7, "url": f"{url}/pulls/7"})
        if path == f"{base}/commits/head":
            return self.send(200, {"sha": "head", "url": f"{url}/commits/head"})
        if path == f"{base}/issues/7/comments" and self.command == "GET":
            return self._page(repository.comments, path, query)
        if path == f"{base}/issues/7/comments":
            return self.send(201, repository.comment(sent["body"], BOT))
        if path == f"{base}/pulls/7/reviews":
            return self._page(repository.reviews, path, query)
        if path == f"{base}/statuses/head":
            repository.statuses.append(sent)
            return self.send(201, {**sent, "id": 1})
        match = re.fullmatch(rf"{base}/issues/comments/(\d+)", path)
        if match and self.command == "PATCH":
            comment = repository.comments[int(match[1]) - 1]
            comment["body"] = sent["body"]
            return self.send(200, comment)
        return self.send(404, {"message": "Not Found"})

    def _page(self, items: list[dict[str, Any]], path: str, query: dict[str, list[str]]) -> None:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        headers = {}
        if page * size < len(items):
            headers["Link"] = f'<{self.server.repository.url}{path}?per_page={size}&page={page + 1}>; rel="next"'
        self.send(200, items[(page - 1) * size : page * size], headers)


@contextmanager
def github_api() -> Iterator[Repository]:
    """Serve an empty pull request number 7 of acme/platform."""
    with served(_Handler) as server:
        server.repository = Repository(url=f"http://127.0.0.1:{server.server_port}")
        yield server.repository
