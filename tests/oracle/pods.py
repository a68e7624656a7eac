"""Pod templates, and the API server's rules for them that no JSON schema holds (k8s.io/kubernetes pkg/apis/*/validation)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.oracle.metadata import is_dns_label, is_dns_subdomain, label_problems
from tests.oracle.problem import Problem, child
from tests.oracle.quantity import quantity
from tests.oracle.selectors import matches

MAX_PORT = 65535
_PORT_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = frozenset({"exec", "httpGet", "tcpSocket", "grpc"})
_OVERCOMMITTED = ("cpu", "memory", "ephemeral-storage")

# Where each kind keeps its pod templates; `*` is every item of a list.
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "CronJob": ("spec.jobTemplate.spec.template",),
    "DaemonSet": ("spec.template",),
    "Deployment": ("spec.template",),
    "Job": ("spec.template",),
    "LeaderWorkerSet": ("spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"),
    "Pod": ("",),
    "RayCluster": ("spec.headGroupSpec.template", "spec.workerGroupSpecs.*.template"),
    "RayService": (
        "spec.rayClusterConfig.headGroupSpec.template",
        "spec.rayClusterConfig.workerGroupSpecs.*.template",
    ),
    "ReplicaSet": ("spec.template",),
    "ScaledJob": ("spec.jobTargetRef.template",),
    "StatefulSet": ("spec.template",),
}
_SELECTING = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
_RUN_ONCE = frozenset({"CronJob", "Job", "ScaledJob"})


@dataclass(frozen=True)
class PodTemplate:
    """A pod that some object will start."""

    path: str
    namespace: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    claims: frozenset[str]
    """Names of the volumes that a StatefulSet makes by `volumeClaimTemplates`."""

    def containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each container with its path, the ones that run first included."""
        for field in ("initContainers", "containers"):
            for position, container in enumerate(_items(self.spec, field)):
                yield f"{self.path}.spec.{field}[{position}]".lstrip("."), container

    def port_names(self) -> frozenset[str]:
        """The names of all container ports."""
        return frozenset(port["name"] for port in self.ports() if "name" in port)

    def ports(self) -> Iterator[Mapping[str, Any]]:
        """Every container port."""
        for _, container in self.containers():
            yield from _items(container, "ports")


def pod_templates(obj: Mapping[str, Any]) -> Iterator[PodTemplate]:
    """The templates of an object, none for most kinds."""
    claims = frozenset(
        str(_mapping(claim, "metadata").get("name")) for claim in _items(_mapping(obj, "spec"), "volumeClaimTemplates")
    )
    for pattern in _TEMPLATES.get(obj["kind"], ()):
        for path, template in _at(obj, pattern.split(".") if pattern else [], ""):
            labels = _mapping(_mapping(template, "metadata"), "labels")
            namespace = _mapping(obj, "metadata").get("namespace", "default")
            yield PodTemplate(path, namespace, labels, _mapping(template, "spec"), claims)
    if obj["kind"] == "LLMInferenceService":
        # Its template is a pod's spec; labels of the pods stand beside it.
        spec = _mapping(obj, "spec")
        namespace = _mapping(obj, "metadata").get("namespace", "default")
        yield PodTemplate("spec.template", namespace, _mapping(spec, "labels"), _mapping(spec, "template"), claims)


def workload_problems(obj: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the pods that an object describes."""
    for template in pod_templates(obj):
        yield from _template_problems(template)
        if obj["kind"] in _RUN_ONCE and template.spec.get("restartPolicy") not in ("Never", "OnFailure"):
            yield Problem(f"{template.path}.spec.restartPolicy", "a job's pods need Never or OnFailure")
        if obj["kind"] in _SELECTING and not matches(_mapping(_mapping(obj, "spec"), "selector"), template.labels):
            yield Problem("spec.selector", "does not match the labels of the pod template")


def _template_problems(template: PodTemplate) -> Iterator[Problem]:
    spec_path = f"{template.path}.spec".lstrip(".")
    yield from label_problems(template.labels, f"{template.path}.metadata.labels".lstrip("."))
    volumes = [str(volume.get("name")) for volume in _items(template.spec, "volumes")]
    for position, name in enumerate(volumes):
        if not is_dns_label(name):
            yield Problem(f"{spec_path}.volumes[{position}].name", f"{name!r} is not a DNS label")
    yield from _twice(volumes, f"{spec_path}.volumes", "volume")
    containers = list(template.containers())
    if not _items(template.spec, "containers"):
        yield Problem(f"{spec_path}.containers", "a pod needs a container")
    yield from _twice([str(one.get("name")) for _, one in containers], f"{spec_path}.containers", "container")
    for path, container in containers:
        if not is_dns_label(str(container.get("name"))):
            yield Problem(f"{path}.name", f"{container.get('name')!r} is not a DNS label")
        if not container.get("image"):
            yield Problem(f"{path}.image", "is required")
        yield from _mount_problems(container, path, template.claims.union(volumes))
        yield from _port_problems(container, path)
        yield from _environment_problems(container, path)
        yield from _resource_problems(_mapping(container, "resources"), f"{path}.resources")
    yield from _resource_problems(_mapping(template.spec, "resources"), f"{spec_path}.resources")


def _mount_problems(container: Mapping[str, Any], path: str, volumes: frozenset[str]) -> Iterator[Problem]:
    for field, place in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
        mounts = _items(container, field)
        for position, mount in enumerate(mounts):
            if mount.get("name") not in volumes:
                yield Problem(f"{path}.{field}[{position}].name", f"the pod has no volume {mount.get('name')!r}")
        yield from _twice([str(mount.get(place)) for mount in mounts], f"{path}.{field}", place)


def _port_problems(container: Mapping[str, Any], path: str) -> Iterator[Problem]:
    ports = _items(container, "ports")
    for position, port in enumerate(ports):
        number, name = port.get("containerPort"), port.get("name")
        if isinstance(number, int) and not 0 < number <= MAX_PORT:
            yield Problem(f"{path}.ports[{position}].containerPort", f"{number} is not a port")
        if name is not None and not _PORT_NAME.match(name):
            yield Problem(f"{path}.ports[{position}].name", f"{name!r} is no port's name (15 of a-z, 0-9, dash)")
    names = [port["name"] for port in ports if "name" in port]
    yield from _twice(names, f"{path}.ports", "port name")
    for field in _PROBES:
        if field in container:
            yield from _probe_problems(_mapping(container, field), f"{path}.{field}", ports)
    for hook, handler in _mapping(container, "lifecycle").items():
        if hook in ("preStop", "postStart") and isinstance(handler, Mapping):
            yield from _handler_problems(handler, f"{path}.lifecycle.{hook}", ports)


def _probe_problems(probe: Mapping[str, Any], path: str, ports: list[Mapping[str, Any]]) -> Iterator[Problem]:
    handlers = _HANDLERS.intersection(probe)
    if len(handlers) != 1:
        yield Problem(path, f"needs one of {', '.join(sorted(_HANDLERS))}, has {len(handlers)}")
    if not path.endswith("readinessProbe") and probe.get("successThreshold", 1) != 1:
        yield Problem(f"{path}.successThreshold", "must be 1")
    yield from _handler_problems(probe, path, ports)


def _handler_problems(handler: Mapping[str, Any], path: str, ports: list[Mapping[str, Any]]) -> Iterator[Problem]:
    declared = {port.get(key) for port in ports for key in ("name", "containerPort")}
    for field in ("httpGet", "tcpSocket", "grpc"):
        if field not in handler:
            continue
        port = _mapping(handler, field).get("port")
        if isinstance(port, str) and port.isdigit():
            yield Problem(f"{path}.{field}.port", f"{port!r} is text, and no port has a number for a name")
        elif port not in declared:
            yield Problem(f"{path}.{field}.port", f"the container declares no port {port!r}")


def _environment_problems(container: Mapping[str, Any], path: str) -> Iterator[Problem]:
    variables = _items(container, "env")
    for position, variable in enumerate(variables):
        place = f"{path}.env[{position}]"
        name = str(variable.get("name"))
        if not _ENV_NAME.match(name):
            yield Problem(f"{place}.name", f"{name!r} is no variable's name")
        source = variable.get("valueFrom")
        if source is not None:
            if variable.get("value"):
                yield Problem(place, "has both a value and a source")
            if len(source) != 1:
                yield Problem(f"{place}.valueFrom", f"needs one source, has {len(source)}")
    yield from _twice([str(variable.get("name")) for variable in variables], f"{path}.env", "variable")


def _resource_problems(resources: Mapping[str, Any], path: str) -> Iterator[Problem]:
    amounts: dict[str, dict[str, Decimal]] = {"requests": {}, "limits": {}}
    for field, parsed in amounts.items():
        for name, text in _mapping(resources, field).items():
            place = child(f"{path}.{field}", name)
            try:
                parsed[name] = quantity(text)
            except ValueError as error:
                yield Problem(place, str(error))
                continue
            if parsed[name] < 0:
                yield Problem(place, f"{text} is negative")
            if _is_extended(name) and parsed[name] % 1:
                yield Problem(place, f"{text} is not a whole number")
    requests, limits = amounts["requests"], amounts["limits"]
    for name, amount in requests.items():
        if _is_extended(name) or name.startswith("hugepages-"):
            if limits.get(name) != amount:
                yield Problem(child(f"{path}.requests", name), "must equal the limit, for it cannot be overcommitted")
        elif name in _OVERCOMMITTED and name in limits and amount > limits[name]:
            yield Problem(child(f"{path}.requests", name), "is above the limit")


def _is_extended(resource: str) -> bool:
    """A resource that a device plug-in counts, such as `nvidia.com/gpu`."""
    prefix, slash, _ = resource.partition("/")
    return bool(slash) and is_dns_subdomain(prefix) and not prefix.endswith("kubernetes.io")


def _twice(names: list[str], path: str, what: str) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(path, f"{count} times the {what} {name!r}")


def _at(value: Any, steps: list[str], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not steps:
        if isinstance(value, Mapping):
            yield path, value
    elif steps[0] == "*":
        for position, item in enumerate(value if isinstance(value, list) else ()):
            yield from _at(item, steps[1:], child(path, position))
    elif isinstance(value, Mapping) and steps[0] in value:
        yield from _at(value[steps[0]], steps[1:], child(path, steps[0]))


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    below = value.get(key) if isinstance(value, Mapping) else None
    return below if isinstance(below, Mapping) else {}


def _items(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    below = value.get(key)
    return [item for item in below if isinstance(item, Mapping)] if isinstance(below, list) else []
