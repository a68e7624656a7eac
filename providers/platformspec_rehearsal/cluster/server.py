"""The emulated API over HTTP, on loopback, for all clusters of a rehearsal: `/clusters/<name>/...`."""

from __future__ import annotations

import contextlib
import json
import pathlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.cluster import Cluster
from platformspec_rehearsal.cluster.discovery import discover
from platformspec_rehearsal.cluster.kinds import Kind
from platformspec_rehearsal.cluster.objects import Object
from platformspec_rehearsal.cluster.ownership import Manager
from platformspec_rehearsal.cluster.patches import JSON_PATCH, STRATEGIC, json_patch, merge_patch, strategic_patch
from platformspec_rehearsal.cluster.selectors import matcher
from platformspec_rehearsal.inject import Injection
from platformspec_rehearsal.pretence import Pretence

APPLY: Final = ("application/apply-patch+yaml", "application/apply-patch+json")
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LONGEST_WATCH_SECONDS: Final = 600.0
# A watcher looks this often whether its client is still there.
WATCH_STEP_SECONDS: Final = 1.0
NO_RESOURCE: Final = "the server could not find the requested resource"
# The word with which an injected error begins -> the status that it is answered with.
REASONS: Final = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "Invalid": 422,
    "TooManyRequests": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Timeout": 504,
}


class Dropped(Exception):
    """The connection ends without an answer, as when an API server dies."""


class Api:
    """The clusters of a rehearsal, each made when it is first asked for."""

    def __init__(self, folder: pathlib.Path, pretence: Pretence, crds: pathlib.Path | None) -> None:
        self.pretence, self.crds = pretence, crds
        self.injection = Injection(folder, pretence)
        self.clusters: dict[str, Cluster] = {}
        self.lock = threading.Lock()

    def cluster(self, name: str) -> Cluster:
        """The cluster of this name."""
        with self.lock:
            if name not in self.clusters:
                self.clusters[name] = Cluster(name, self.pretence, self.crds)
            return self.clusters[name]

    def fault(self, kind: Kind, op: str, name: str, when: str = "before") -> None:
        """Do what a rule wants of this request. Raises `Failure` or `Dropped`."""
        fault = self.injection.fault(kind.kind, op, name, when)
        if fault is None:
            return
        time.sleep(fault.sleep)
        if fault.crash:
            raise Dropped
        if fault.error is not None:
            reason, _, text = fault.error.partition(": ")
            if reason not in REASONS:
                reason, text = "InternalError", fault.error
            raise Failure(REASONS[reason], reason, text)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.api = api


@contextlib.contextmanager
def serving(folder: pathlib.Path, pretence: Pretence, crds: pathlib.Path | None) -> Iterator[str]:
    """Serve while the context is open; gives the address."""
    server = _Server(Api(folder, pretence, crds))
    thread = threading.Thread(target=server.serve_forever, name="rehearsed Kubernetes API", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Headers and body are written apart; without this each answer waits for an acknowledgement.
    disable_nagle_algorithm: ClassVar[bool] = True

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""

    def _answer(self, body: Any, code: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if code == REASONS["TooManyRequests"]:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(data)

    def _handle(self) -> None:
        address = urlsplit(self.path)
        self.query = {name: values[-1] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        path = [unquote(step) for step in address.path.strip("/").split("/")]
        try:
            if path[0] != "clusters" or len(path) < 2:
                raise Failure(404, "NotFound", NO_RESOURCE)
            self.cluster = self.server.api.cluster(path[1])
            self._route(path[2:])
        except Failure as failure:
            self._answer(failure.status(), failure.code)
        except (Dropped, BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:
            # Our mistake, but kubectl must hear of it in its own language.
            self._answer(Failure(500, "InternalError", f"the rehearsed API failed: {error!r}").status(), 500)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _route(self, path: list[str]) -> None:
        cluster = self.cluster
        with cluster.objects.changed:
            cluster.refresh()
            about = discover(path, cluster.kinds) if path else None
        if about is not None:
            self._answer(about)
            return
        if len(path) < 3 or path[0] not in ("api", "apis"):
            raise Failure(404, "NotFound", NO_RESOURCE)
        group, version, rest = ("", path[1], path[2:]) if path[0] == "api" else (path[1], path[2], path[3:])
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
            namespace, rest = rest[1], rest[2:]
        kind = cluster.kinds.find(group, version, rest[0])
        if kind is None:
            raise Failure(404, "NotFound", NO_RESOURCE)
        name = rest[1] if len(rest) > 1 else ""
        subresource = rest[2] if len(rest) > 2 else ""
        if self.command == "GET" and not name and self.query.get("watch") in ("true", "1"):
            self.server.api.fault(kind, "watch", name)
            self._watch(kind, namespace)
            return
        op = self._op(name)
        if not self._dry_run:
            self.server.api.fault(kind, op, name)
        with cluster.objects.changed:
            answer, code = self._act(kind, namespace, name, subresource, op)
        if not self._dry_run:
            self.server.api.fault(kind, op, name, "after")
        self._answer(answer, code)

    @property
    def _dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    @property
    def _content_type(self) -> str:
        return str(self.headers.get("Content-Type", "")).split(";")[0]

    def _op(self, name: str) -> str:
        if self.command == "GET":
            return "read" if name else "list"
        if self.command == "PATCH":
            return "apply" if self._content_type in APPLY else "patch"
        return {"POST": "create", "PUT": "update", "DELETE": "delete"}[self.command]

    def _act(self, kind: Kind, namespace: str, name: str, subresource: str, op: str) -> tuple[Any, int]:
        cluster = self.cluster
        strict = self.query.get("fieldValidation") == "Strict"
        if op == "read":
            return cluster.get(kind, namespace, name), 200
        if op == "list":
            return self._list(kind, namespace), 200
        body = self._parsed()
        if kind.plural.endswith("reviews"):
            return {**body, "status": {"allowed": True}}, 201
        if op == "delete":
            return self._delete(kind, namespace, name, body), 200
        agent = str(self.headers.get("User-Agent") or "unknown").split("/")[0]
        manager = self.query.get("fieldManager") or agent
        if op == "apply":
            if not self.query.get("fieldManager"):
                text = (
                    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
                )
                raise Failure(422, "Invalid", text)
            by = Manager(manager, "Apply", kind.api_version, subresource)
            known = cluster.objects.get((kind.group, kind.plural, namespace if kind.namespaced else "", name))
            force = self.query.get("force") == "true"
            done = cluster.apply(kind, namespace, name, body, by, force=force, strict=strict, dry_run=self._dry_run)
            return done, 201 if known is None else 200
        by = Manager(manager, "Update", kind.api_version, subresource)
        if op == "create":
            return cluster.create(kind, namespace, body, by, strict=strict, dry_run=self._dry_run), 201
        wanted = body if op == "update" else self._patched(kind, namespace, name, body)
        return cluster.replace(kind, namespace, name, wanted, by, strict=strict, dry_run=self._dry_run), 200

    def _parsed(self) -> Any:
        if not self.body:
            return {}
        if self.body.startswith(b"k8s\x00"):
            raise Failure(415, "UnsupportedMediaType", "the rehearsed API speaks JSON and YAML")
        try:
            return yaml.load(self.body, Loader=LOADER) if "yaml" in self._content_type else json.loads(self.body)
        except (ValueError, yaml.YAMLError) as error:
            raise Failure(400, "BadRequest", f"the body of the request cannot be read: {error}") from error

    def _patched(self, kind: Kind, namespace: str, name: str, patch: Any) -> Object:
        old = self.cluster.get(kind, namespace, name)
        if self._content_type == JSON_PATCH:
            patched: Object = json_patch(old, patch)
        elif self._content_type == STRATEGIC:
            patched = strategic_patch(old, patch, self.cluster.kinds.shape(kind))
        else:
            patched = merge_patch(old, patch)
        return patched

    def _list(self, kind: Kind, namespace: str) -> dict[str, Any]:
        wanted = matcher(self.query)
        objects = self.cluster.objects
        return {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version,
            "metadata": {"resourceVersion": str(objects.version)},
            "items": [
                _in_version(obj, kind) for _, obj in objects.every(kind.group, kind.plural, namespace) if wanted(obj)
            ],
        }

    def _delete(self, kind: Kind, namespace: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
        uid = (options.get("preconditions") or {}).get("uid")
        if name:
            return self.cluster.delete(kind, namespace, name, uid=uid, dry_run=self._dry_run)
        wanted = matcher(self.query)
        for key, obj in list(self.cluster.objects.every(kind.group, kind.plural, namespace)):
            if wanted(obj):
                self.cluster.delete(kind, key[2], key[3], uid=None, dry_run=self._dry_run)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _watch(self, kind: Kind, namespace: str) -> None:
        objects, chosen = self.cluster.objects, matcher(self.query)
        since = int(self.query.get("resourceVersion") or 0)
        end = time.monotonic() + float(self.query.get("timeoutSeconds") or LONGEST_WATCH_SECONDS)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with objects.changed:
            present = [obj for _, obj in objects.every(kind.group, kind.plural, namespace) if chosen(obj)]
            position = len(objects.log) if since == 0 else 0
        if since and since < objects.first_version:
            gone = Failure(410, "Expired", f"too old resource version: {since} ({objects.version})")
            self._chunk({"type": "ERROR", "object": gone.status()})
        elif since == 0:
            for obj in present:
                self._chunk({"type": "ADDED", "object": _in_version(obj, kind)})

        def wanted(key: tuple[str, ...], obj: Object) -> bool:
            return key[:2] == (kind.group, kind.plural) and namespace in ("", key[2]) and chosen(obj)

        while time.monotonic() < end:
            position, events = objects.events(position, wanted, WATCH_STEP_SECONDS)
            for version, change, _, obj in events:
                if version > since:
                    self._chunk({"type": change, "object": _in_version(obj, kind)})
            if not events:
                # An empty line is no event, and tells whether somebody still reads.
                self._raw(b"\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, event: dict[str, Any]) -> None:
        self._raw(json.dumps(event).encode() + b"\n")

    def _raw(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def _in_version(obj: Object, kind: Kind) -> Object:
    return {**obj, "apiVersion": kind.api_version, "kind": kind.kind}
