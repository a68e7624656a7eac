"""What callers can no longer use, and versions from which there is no way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platformspec.diagnostics import Code
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.wording import difference_text, title

NO_SERVICE = Code(
    "PS630",
    "something that others call is removed",
    explain="A model, a gateway or a route goes. Callers that still use it get errors from the next apply on.",
)
NO_WAY_BACK = Code(
    "PS629",
    "a version that cannot be taken back",
    explain="A major version of PostgreSQL goes up only. A control plane of EKS goes up one minor version at a time, and AWS takes it back by one within seven days, "
    "once its node groups are back. Otherwise the way back is a new cluster, or a restored backup.",
)
_CALLED: Final = ("model", "gateway")
_VERSIONS: Final = {"cluster": ("kubernetes",), "database": ("version",)}


def removed_services(s: Situation) -> Iterator[Danger]:
    """Models, gateways and routes that are gone, or called otherwise."""
    for difference in s.differences:
        address = difference.address
        if address.kind not in _CALLED or difference.field or difference.after is not ABSENT:
            continue
        whole = address.child is not None and any(d.address == address.parent and not d.field for d in s.differences)
        if whole:
            continue
        new = s.renames.get(address)
        what = f"is called {title(new)} from now on" if new is not None else "is removed"
        yield s.danger(
            NO_SERVICE,
            address,
            f"{title(address)} {what}: callers of the old name get errors",
            "make sure that nobody calls it any more, or keep both for a while"
            if new is None or new.child is not None
            else f"write `was: {address.name}` under {new.name}, and it goes on as it is; or make sure that nobody calls it any more",
            path=difference.path,
            removed=True,
        )


def versions(s: Situation) -> Iterator[Danger]:
    """Versions of control planes and databases."""
    for difference in s.differences:
        if difference.field and difference.field == _VERSIONS.get(difference.address.kind):
            up = str(difference.after) > str(difference.before)
            yield s.danger(
                NO_WAY_BACK,
                difference.address,
                f"{title(difference.address)}: {difference_text(difference)}; {_way_back(difference, up)}",
                "try it in another environment first" if up else "leave the version, or build a new one beside it",
                path=difference.path,
            )


def _way_back(difference: Difference, up: bool) -> str:
    if difference.address.kind != "cluster":
        return "there is no way back" if up else "the cloud refuses to go back"
    # docs.aws.amazon.com/eks/latest/userguide/rollback-cluster.html
    one = abs(_minor(difference.after) - _minor(difference.before)) == 1
    if up:
        return "there is a way back for seven days only" if one else "the cloud refuses to skip a version"
    if one:
        return "the cloud goes back only within seven days of the way up, and after the node groups"
    return "the cloud goes back by one version at most"


def _minor(version: object) -> int:
    return int(str(version).rsplit(".", 1)[-1])
