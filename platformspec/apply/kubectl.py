"""Drive kubectl against one cluster: server-side apply, read, delete, and ask what the API knows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from platformspec.apply.credentials import credentials_failure
from platformspec.apply.process import Finished, Program
from platformspec.apply.resuming import RESUME
from platformspec.diagnostics import Code, Failure

UNREACHABLE = Code(
    "PS703",
    "a cluster that does not answer",
    explain="kubectl could not reach the cluster's API server, or was not let in. A private endpoint answers inside the VPC only: from a "
    "machine there, over a VPN or through a bastion. Credentials for an EKS cluster come from `aws eks get-token`.",
)
REFUSED = Code(
    "PS717",
    "the cluster refused an object",
    explain="The API server, a webhook or a quota refused it, and the message is theirs. Objects that were accepted before are in the "
    "record. Once the cause is mended, `platformspec apply --resume` goes on.",
)
CONFLICT = Code(
    "PS718",
    "a field that somebody else owns",
    explain="Server-side apply keeps a list of who set which field. Somebody set this one to another value by other means, and it is not "
    "overwritten: an autoscaler or an operator may need it. The message names who and which field.",
)
UNKNOWN_KIND = Code(
    "PS719",
    "a kind that the cluster does not know",
    explain="A custom resource needs its definition in the cluster first. Definitions come with the controllers that Terraform installs; "
    "in an adopted cluster they must be there already.",
)

MANAGER: Final = "platformspec"
# What goes away by itself: a webhook whose pods are starting, an API server that is busy, two writers at the same moment.
TRANSIENT: Final = re.compile(
    r"failed calling webhook|connection refused|TLS handshake timeout|i/o timeout|etcdserver: |TooManyRequests|"
    r"the object has been modified|\((?:Server)?Timeout\)|ServiceUnavailable|currently unable to handle|InternalError|unexpected EOF|connection reset|EOF$|http2: "
)
# Definitions come with controllers that Terraform has just installed; they may not be established yet.
UNKNOWN: Final = re.compile(r"no matches for kind|could not find the requested resource")
# What kubectl says where no API server heard it, and where one did not let it in.
NOT_LET_IN: Final = re.compile(r"Unauthorized|must be logged in|provide credentials|getting credentials|Forbidden")
NOT_ASKED: Final = re.compile(
    r"Unable to connect|dial tcp|no such host|connection refused|Unauthorized|must be logged in|provide credentials|getting credentials"
)
RETRY_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 120.0

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Identity:
    """What kubectl needs to find an object."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    @classmethod
    def of(cls, object: Object) -> Identity:
        metadata = object["metadata"]
        return cls(object["apiVersion"], object["kind"], metadata.get("namespace"), metadata["name"])

    def stub(self) -> dict[str, Any]:
        """The least that names the object in a file."""
        metadata = {"name": self.name, **({"namespace": self.namespace} if self.namespace else {})}
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata}

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" in {self.namespace}" if self.namespace else "")


class Cluster:
    """One cluster. `kubectl` finds it through the variable KUBECONFIG of its environment."""

    def __init__(self, name: str, kubectl: Program, *, force: bool = False, again: str = RESUME) -> None:
        """`force`: take over fields that others own. `again`: the command that goes on once something is mended."""
        self.name = name
        self._kubectl = kubectl
        self._force = force
        self._again = again

    def reach(self) -> str:
        """The version of the API server. Raises `Failure` where it does not answer."""
        said = self._kubectl.run(["version", "-o", "json", "--request-timeout=20s"])
        try:
            version: str = json.loads(said.stdout)["serverVersion"]["gitVersion"]
        except (ValueError, KeyError) as error:
            raise self._unreachable(f"does not answer: {' '.join(said.stderr.split())[:500]}") from error
        return version

    def apply(self, objects: Sequence[Object]) -> dict[Identity, str]:
        """Server-side apply. Returns the uid of each. Raises `ObjectRefused` where the cluster refuses some."""
        accepted: dict[Identity, str] = {}
        force = ["--force-conflicts"] if self._force else []
        done = self._patiently(
            ["apply", "--server-side", f"--field-manager={MANAGER}", *force, "-o", "json", "-f", "-"],
            objects,
            waits_for_kinds=True,
        )
        for object in _objects(done.stdout):
            accepted[Identity.of(object)] = object["metadata"]["uid"]
        if done.code != 0:
            raise ObjectRefused(self._refusal(done.stderr), accepted)
        return accepted

    def dry_run(self, objects: Sequence[Object]) -> dict[Identity, Object]:
        """What an apply that takes over every field would make of each; nothing is changed. Raises `Failure`."""
        if not objects:
            return {}
        options = ["--server-side", "--dry-run=server", f"--field-manager={MANAGER}", "--force-conflicts"]
        done = self._patiently(["apply", *options, "-o", "json", "-f", "-"], objects)
        if done.code != 0:
            raise self._refusal(done.stderr)
        return {Identity.of(object): object for object in _objects(done.stdout)}

    def read(self, identities: Sequence[Identity], *, managed_fields: bool = False) -> dict[Identity, Object]:
        """Those of the objects that are there. `managed_fields`: with who wrote which field."""
        if not identities:
            return {}
        shown = [f"--show-managed-fields={str(managed_fields).lower()}"]
        done = self._patiently(
            ["get", "--ignore-not-found", *shown, "-o", "json", "-f", "-"], [i.stub() for i in identities]
        )
        # A kind whose definition is gone has no objects.
        if done.code != 0 and not re.search(r"NotFound|not found|no matches for kind", done.stderr):
            raise self._refusal(done.stderr)
        return {Identity.of(object): object for object in _objects(done.stdout)}

    def delete(self, identity: Identity) -> None:
        """Delete an object and wait until it is gone."""
        done = self._patiently(
            ["delete", "--ignore-not-found", "--wait=true", "--timeout=180s", "-f", "-"], [identity.stub()]
        )
        if done.code != 0:
            raise self._refusal(done.stderr)

    def patch(self, identity: Identity, change: Object) -> None:
        """Change some fields of an object (RFC 7386); nothing where it is gone."""
        group, _, version = identity.api_version.rpartition("/")
        kind = ".".join(part for part in (identity.kind, version, group) if part) if group else identity.kind
        place = ["--namespace", identity.namespace] if identity.namespace else []
        done = self._patiently(
            ["patch", kind, identity.name, *place, "--type=merge", "--patch", json.dumps(change)], []
        )
        if done.code != 0 and not re.search(r"NotFound|not found|no matches for kind", done.stderr):
            raise self._refusal(done.stderr)

    def list(self, kind: str, *, managed_fields: bool = False) -> tuple[Object, ...]:
        """All objects of a kind (`nodeclaims.karpenter.sh`) in the cluster; none where it does not know the kind."""
        shown = f"--show-managed-fields={str(managed_fields).lower()}"
        done = self._kubectl.run(["get", kind, "--all-namespaces", shown, "-o", "json"])
        return tuple(_objects(done.stdout)) if done.code == 0 else ()

    def last_event(self, identity: Identity) -> str:
        """What was said last about an object or its pods; empty where nothing was."""
        done = self._kubectl.run(["get", "events", "-n", identity.namespace or "default", "-o", "json"])
        about = [
            event
            for event in (_objects(done.stdout) if done.code == 0 else ())
            if str(event.get("involvedObject", {}).get("name", "")).startswith(identity.name)
        ]
        if not about:
            return ""
        last = max(about, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
        return f"{last.get('reason', '')}: {last.get('message', '')}".strip(": ")

    def _patiently(
        self, arguments: Sequence[str], objects: Sequence[Object], *, waits_for_kinds: bool = False
    ) -> Finished:
        # One document after the other: a List is checked as a whole, by a schema that not every API server offers.
        stdin = "\n".join(json.dumps(object) for object in objects)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = self._kubectl.run(arguments, stdin=stdin)
            passes = TRANSIENT.search(done.stderr) or (waits_for_kinds and UNKNOWN.search(done.stderr))
            if done.code == 0 or not passes or time.monotonic() > deadline:
                return done
            time.sleep(RETRY_SECONDS)

    def _refusal(self, text: str) -> Failure:
        words = " ".join(text.split())[:1500]
        if "conflict" in words and "Apply failed" in words:
            return Failure(
                CONFLICT,
                f"in cluster {self.name}: {words}",
                f"if platform.yaml is right, `{RESUME} --force-conflicts`; if the other one is, remove the field with `extend`",
            )
        if NOT_ASKED.search(words):
            return self._unreachable(f"cannot be asked: {words}")
        if UNKNOWN.search(words):
            return Failure(
                UNKNOWN_KIND,
                f"cluster {self.name} does not know every kind: {words}",
                f"look whether the Helm release of its controller is healthy, then `{self._again}`",
            )
        return Failure(REFUSED, f"cluster {self.name}: {words}", f"mend the cause, then `{self._again}`")

    def _unreachable(self, why: str) -> Failure:
        if expired := credentials_failure(f"cluster {self.name}", why, self._again):
            return expired
        if NOT_LET_IN.search(why):
            help = "see whose credentials they are (`aws sts get-caller-identity`), and give them access: `admins` of the cluster lists roles"
        else:
            help = (
                "a private endpoint answers inside its VPC only: run this on a machine there, over a VPN or through a bastion, or open it with "
                "`endpoint: public` and `public_access_cidrs`"
            )
        return Failure(UNREACHABLE, f"cluster {self.name} {why}", f"{help}; then `{self._again}`")


class ObjectRefused(Failure):
    """Some objects were refused. `accepted`: uid of each that was not."""

    def __init__(self, why: Failure, accepted: Mapping[Identity, str]) -> None:
        Exception.__init__(self, str(why))
        self.diagnostic = why.diagnostic
        self.accepted = accepted


def _objects(text: str) -> list[Object]:
    if not text.strip():
        return []
    data = json.loads(text)
    found: list[Object] = (
        data["items"] if data.get("kind") == "List" or data.get("kind", "").endswith("List") else [data]
    )
    return found
