"""References by label: does what an object selects exist, and has it the ports?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.oracle.folder import Folder, Placed
from tests.oracle.pods import PodTemplate
from tests.oracle.problem import Problem
from tests.oracle.selectors import matches

_NAMESPACE_NAME = "kubernetes.io/metadata.name"


def _services(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("Service"):
        selector = one.spec.get("selector")
        if not selector:
            continue
        pods = _selected(folder, one.namespace, {"matchLabels": selector})
        if not pods:
            yield one.problem("spec.selector", f"matches no pod template in {one.namespace}")
            continue
        for position, port in enumerate(one.spec.get("ports") or ()):
            target = port.get("targetPort", port.get("port"))
            for pod in pods:
                if not _has_port(pod, target):
                    yield one.problem(f"spec.ports[{position}].targetPort", f"{pod.path} declares no port {target!r}")


def _ingresses(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("Ingress"):
        for at, rule in enumerate(one.spec.get("rules") or ()):
            for position, path in enumerate((rule.get("http") or {}).get("paths") or ()):
                backend = (path.get("backend") or {}).get("service") or {}
                service = folder.by_identity.get(("Service", one.namespace, str(backend.get("name"))))
                port = backend.get("port") or {}
                wanted = port.get("name", port.get("number"))
                if service is not None and not _serves(service, wanted):
                    place = f"spec.rules[{at}].http.paths[{position}].backend.service.port"
                    yield one.problem(place, f"Service {service.name} has no port {wanted!r}")


def _disruption_budgets(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("PodDisruptionBudget"):
        if _selects_nothing(folder, [one.namespace], one.spec.get("selector") or {}):
            yield one.problem("spec.selector", f"matches no pod template in {one.namespace}")


def _pod_monitors(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("PodMonitor"):
        pods = [
            pod
            for namespace in _watched(folder, one)
            for pod in _selected(folder, namespace, one.spec.get("selector") or {})
        ]
        if not pods:
            yield one.problem("spec.selector", "matches no pod template")
        for position, endpoint in enumerate(one.spec.get("podMetricsEndpoints") or ()):
            port = endpoint.get("port")
            if port and pods and not any(port in pod.port_names() for pod in pods):
                yield one.problem(f"spec.podMetricsEndpoints[{position}].port", f"no selected pod has a port {port!r}")


def _service_monitors(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("ServiceMonitor"):
        watched = frozenset(_watched(folder, one))
        services = [
            service
            for service in folder.of("Service")
            if service.namespace in watched
            and matches(one.spec.get("selector") or {}, service.obj["metadata"].get("labels") or {})
        ]
        if not services:
            yield one.problem("spec.selector", "matches no Service")
        for position, endpoint in enumerate(one.spec.get("endpoints") or ()):
            port = endpoint.get("port")
            if port and services and not any(_serves(service, port) for service in services):
                yield one.problem(f"spec.endpoints[{position}].port", f"no selected Service has a port {port!r}")


def _network_policies(folder: Folder) -> Iterator[Problem]:
    for one in folder.of("NetworkPolicy"):
        selector = one.spec.get("podSelector") or {}
        if selector and _selects_nothing(folder, [one.namespace], selector):
            yield one.problem("spec.podSelector", f"matches no pod template in {one.namespace}")
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for at, rule in enumerate(one.spec.get(direction) or ()):
                for position, peer in enumerate(rule.get(side) or ()):
                    place = f"spec.{direction}[{at}].{side}[{position}]"
                    yield from _peer(folder, one, peer, place)


def _peer(folder: Folder, one: Placed, peer: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """A peer in a namespace that the folder fills must select something there; of other namespaces nothing is known."""
    if "ipBlock" in peer:
        return
    if "namespaceSelector" not in peer:
        namespaces = [one.namespace]
    else:
        selector = peer["namespaceSelector"] or {}
        wanted = (selector.get("matchLabels") or {}).get(_NAMESPACE_NAME)
        if wanted is not None and not folder.has("Namespace", "", wanted):
            yield one.problem(f"{place}.namespaceSelector", f"there is no namespace {wanted}")
            return
        made = {space.name: space for space in folder.of("Namespace")}
        if wanted is not None and wanted not in made:
            return
        namespaces = [
            name
            for name, space in made.items()
            if matches(selector, {_NAMESPACE_NAME: name, **(space.obj["metadata"].get("labels") or {})})
        ]
        if not namespaces:
            yield one.problem(f"{place}.namespaceSelector", "matches no namespace of the folder")
            return
    selector = peer.get("podSelector") or {}
    if selector and _selects_nothing(folder, namespaces, selector):
        yield one.problem(f"{place}.podSelector", f"matches no pod template in {', '.join(sorted(namespaces))}")


def _watched(folder: Folder, one: Placed) -> list[str]:
    """The namespaces that a monitor looks at: its own, those it names, or any."""
    wanted = one.spec.get("namespaceSelector") or {}
    if wanted.get("any"):
        return list(folder.templates)
    return list(wanted.get("matchNames") or [one.namespace])


def _selected(folder: Folder, namespace: str, selector: Mapping[str, Any]) -> list[PodTemplate]:
    return [pod for pod in folder.templates.get(namespace, ()) if matches(selector, pod.labels)]


def _selects_nothing(folder: Folder, namespaces: list[str], selector: Mapping[str, Any]) -> bool:
    if folder.brought_labels.intersection(selector.get("matchLabels") or ()):
        return False
    return not any(_selected(folder, namespace, selector) for namespace in namespaces)


def _has_port(pod: PodTemplate, port: Any) -> bool:
    return any(port in (declared.get("name"), declared.get("containerPort")) for declared in pod.ports())


def _serves(service: Placed, port: Any) -> bool:
    return any(port in (one.get("name"), one.get("port")) for one in service.spec.get("ports") or ())


CHECKS: tuple[Callable[[Folder], Iterator[Problem]], ...] = (
    _services,
    _ingresses,
    _disruption_budgets,
    _pod_monitors,
    _service_monitors,
    _network_policies,
)
