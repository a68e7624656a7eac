"""What is lost when a Kubernetes object is destroyed or replaced.

Source: the Kubernetes documentation of namespaces (deleting one deletes all that is in it), of persistent volumes and of StatefulSets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from platformspec.sdk import Stake

STAKES: Final[Mapping[str, Stake]] = {
    "apps/v1/StatefulSet": Stake("data", "the pods that hold its volumes"),
    "v1/PersistentVolumeClaim": Stake("data", "the volume"),
    "v1/Namespace": Stake("data", "everything in the namespace, volumes included"),
}
