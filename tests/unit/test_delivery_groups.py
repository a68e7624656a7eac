"""The order of what an engine delivers."""

from __future__ import annotations

from typing import Any

from platformspec_kubernetes.delivery.groups import groups_of

from platformspec.ir.delivery import Delivery, deliveries
from platformspec.ir.node import Manifest, Placement
from tests.support.examples import Case, compiled

PLACE = Placement("111122223333", "eu-central-1", "main")


def node(name: str, namespace: str | None = None, *after: str, **content: Any) -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    attrs = {"apiVersion": "v1", "kind": content.pop("kind", "ConfigMap"), "metadata": metadata, **content}
    return Manifest(name, "v1/ConfigMap", "kubernetes", PLACE, attrs, "x", tuple((id, "why") for id in after))


def order(*nodes: Manifest) -> dict[str, tuple[int, tuple[str, ...]]]:
    return {group.name: (group.wave, group.after) for group in groups_of(nodes)}


def test_groups_follow_what_their_objects_use() -> None:
    assert order(node("n"), node("a", "one", "b"), node("b", "two", "c"), node("c", "three"), node("d", "one")) == {
        "_cluster": (0, ()),
        "three": (1, ("_cluster",)),
        "two": (2, ("_cluster", "three")),
        "one": (3, ("_cluster", "two")),
    }


def test_groups_that_use_each_other_wait_for_neither_and_what_follows_them_for_both() -> None:
    found = order(node("a", "one", "b"), node("b", "two", "a2"), node("a2", "one"), node("c", "late", "a", "b"))
    assert found == {"one": (0, ()), "two": (0, ()), "late": (1, ("one", "two"))}


def test_a_larger_circle_and_what_it_needs() -> None:
    found = order(node("a", "one", "b"), node("b", "two", "c"), node("c", "three", "a", "d"), node("d", "four"))
    assert found == {"four": (0, ()), "one": (0, ()), "two": (0, ()), "three": (1, ("four",))}


def test_the_cluster_itself_waits_for_nothing() -> None:
    assert order(node("binding", None, "account"), node("account", "one")) == {
        "_cluster": (0, ()),
        "one": (1, ("_cluster",)),
    }


def test_what_an_autoscaler_scales_is_known_in_every_form() -> None:
    keda = node("k", "one", kind="ScaledObject", spec={"scaleTargetRef": {"name": "chat"}})
    lws = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "large"}
    others = node("h", "one", kind="HorizontalPodAutoscaler", spec={"scaleTargetRef": lws})
    (group,) = groups_of([keda, others])
    assert [(s.api_group, s.kind, s.name) for s in group.scaled] == [
        ("apps", "Deployment", "chat"),
        ("leaderworkerset.x-k8s.io", "LeaderWorkerSet", "large"),
    ]


def test_a_program_says_how_its_clusters_are_delivered_to() -> None:
    argo, flux = (compiled(Case(f"delivery-{name}", None)).program for name in ("argocd", "flux"))
    assert argo is not None
    assert flux is not None
    assert deliveries(argo) == {
        "main": Delivery("main", "argocd", "https://git.acme.example/platform/deploy", "main", "platforms/argo/main")
    }
    assert deliveries(flux) == {
        "main": Delivery("main", "flux", "ssh://git@git.acme.example/platform/deploy", "live", "clusters/flux/main")
    }
