"""How kubectl learns which kinds there are, and that the server checks fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.kinds import Kind, Kinds

PARAMETERS: Final = ("dryRun", "fieldManager", "fieldValidation", "force")


def discover(path: list[str], kinds: Kinds) -> Mapping[str, Any] | None:
    """The answer to a question about the API itself; None where the path is about objects."""
    if path == ["version"]:
        major, minor = kinds.version.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{kinds.version}.0+rehearsal", "platform": "rehearsal"}
    if path and path[0] in ("healthz", "livez", "readyz"):
        return {"status": "ok"}
    groups = kinds.group_versions()
    if path == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == ["apis"]:
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups(groups)}
    if path == ["openapi", "v3"]:
        return {
            "paths": {
                _place(*key): {"serverRelativeURL": f"/openapi/v3/{_place(*key)}?hash={len(groups[key])}"}
                for key in groups
            }
        }
    if path[:2] == ["openapi", "v3"]:
        key = ("", path[3]) if path[2] == "api" else (path[3], path[4])
        return _openapi(*key, groups[key])
    if path[0] == "api" and len(path) == 2:
        return _resources("", path[1], groups)
    if path[0] == "apis" and len(path) == 2:
        found = [group for group in _groups(groups) if group["name"] == path[1]]
        if not found:
            raise Failure(404, "NotFound", "the server could not find the requested resource")
        return {"kind": "APIGroup", "apiVersion": "v1", **found[0]}
    if path[0] == "apis" and len(path) == 3:
        return _resources(path[1], path[2], groups)
    return None


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _groups(groups: Mapping[tuple[str, str], list[Kind]]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, str]]] = {}
    for group, version in sorted(groups, key=lambda key: (key[0], _rank(key[1]))):
        if group:
            found.setdefault(group, []).append({"groupVersion": f"{group}/{version}", "version": version})
    return [{"name": name, "versions": versions, "preferredVersion": versions[0]} for name, versions in found.items()]


def _rank(version: str) -> tuple[int, str]:
    # Stable versions come before beta, and beta before alpha; newer ones first within each.
    return (2 if "alpha" in version else 1 if "beta" in version else 0, "".join(chr(255 - ord(c)) for c in version))


def _resources(group: str, version: str, groups: Mapping[tuple[str, str], list[Kind]]) -> Mapping[str, Any]:
    if (group, version) not in groups:
        raise Failure(404, "NotFound", "the server could not find the requested resource")
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": [kind.discovery() for kind in groups[group, version]],
    }


def _openapi(group: str, version: str, kinds: list[Kind]) -> Mapping[str, Any]:
    # kubectl looks here for whether a PATCH takes `fieldValidation` and `dryRun`, and for nothing else that matters here.
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in PARAMETERS]
    paths = {}
    for kind in kinds:
        names = {"group": group, "version": version, "kind": kind.kind}
        place = (
            f"/{_place(group, version)}" + ("/namespaces/{namespace}" if kind.namespaced else "") + f"/{kind.plural}"
        )
        operation = {"parameters": parameters, "x-kubernetes-group-version-kind": names, "responses": {}}
        paths[place] = {"post": {**operation, "x-kubernetes-action": "post"}}
        paths[f"{place}/{{name}}"] = {"patch": {**operation, "x-kubernetes-action": "patch"}}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "rehearsal"},
        "paths": paths,
        "components": {"schemas": {}},
    }
