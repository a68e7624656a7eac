"""A server on loopback that behaves as GitLab documents, as far as a review needs it: https://docs.gitlab.com/api/rest/, /api/notes/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.json_server import JsonHandler, served

NOTES = "/api/v4/projects/5/merge_requests/7/notes"
TOKENS = {"token": 11, "reader": 12}
"""Token -> the user that it is of; `reader` has the scope `read_api`."""


@dataclass
class Project:
    """State of merge request 7 of project 5. `limited`: how many requests are answered with a rate limit first."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    limited: int = 0
    broken: bool = False
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def note(self, body: str, author: int, system: bool = False) -> dict[str, Any]:
        """Add a note."""
        made = {"id": len(self.notes) + 1, "body": body, "author": {"id": author}, "system": system, "noteable_iid": 7}
        self.notes.append(made)
        return made


class _Handler(JsonHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        project: Project = self.server.project
        target = urlsplit(self.path)
        project.requests.append(f"{self.command} {target.path}")
        sent = self.received()
        if project.broken:
            return self.send(500, {"message": "500 Internal Server Error"})
        if project.limited > 0:
            project.limited -= 1
            return self.send(429, {"message": "Too Many Requests"}, {"Retry-After": "1"})
        user = TOKENS.get(self.headers.get("PRIVATE-TOKEN", ""))
        if user is None:
            return self.send(401, {"message": "401 Unauthorized"})
        if self.command != "GET" and self.headers["PRIVATE-TOKEN"] == "reader":
            return self.send(403, {"error": "insufficient_scope", "scope": "api"})
        return self._route(project, target.path, parse_qs(target.query), sent, user)

    def _route(self, project: Project, path: str, query: dict[str, list[str]], sent: dict[str, Any], user: int) -> None:
        if path == "/api/v4/user":
            return self.send(200, {"id": user, "username": f"project_5_bot_{user}"})
        if path == NOTES and self.command == "GET":
            return self._page(project.notes, query)
        if path == NOTES:
            return self.send(201, project.note(sent["body"], user))
        match = re.fullmatch(rf"{NOTES}/(\d+)", path)
        if match and self.command == "PUT":
            note = project.notes[int(match[1]) - 1]
            if note["author"]["id"] != user:
                return self.send(403, {"message": "403 Forbidden"})
            note["body"] = sent["body"]
            return self.send(200, note)
        return self.send(404, {"message": "404 Not Found"})

    def _page(self, notes: list[dict[str, Any]], query: dict[str, list[str]]) -> None:
        size, page = int(query.get("per_page", ["20"])[0]), int(query.get("page", ["1"])[0])
        # The newest first, as `sort=desc` is the default.
        ordered = notes[::-1]
        headers = {"X-Per-Page": str(size), "X-Page": str(page)}
        if page * size < len(ordered):
            next_page = f"{self.server.project.url}{NOTES}?per_page={size}&page={page + 1}"
            headers |= {"Link": f'<{next_page}>; rel="next"', "X-Next-Page": str(page + 1)}
        self.send(200, ordered[(page - 1) * size : page * size], headers)


@contextmanager
def gitlab_api() -> Iterator[Project]:
    """Serve an empty merge request number 7 of project 5."""
    with served(_Handler) as server:
        server.project = Project(url=f"http://127.0.0.1:{server.server_port}")
        yield server.project
