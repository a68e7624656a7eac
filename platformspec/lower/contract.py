"""What a provider hands to the compiler, and what its functions return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from platformspec.address import Address
from platformspec.cost.prices import PriceTable
from platformspec.diagnostics import Path
from platformspec.fit.engine import EngineMemory
from platformspec.fit.offerings import Offering
from platformspec.graph.edge import Edge
from platformspec.ir.cost import CostItem
from platformspec.ir.requirement import Answer, Requirement
from platformspec.ir.sourced import Given

if TYPE_CHECKING:
    from platformspec.lower.objects import OpenObjects
    from platformspec.lower.stage import Rehearse
    from platformspec.lower.state_bucket import PrepareBucket
    from platformspec.lower.steps import AggregateContext, CapabilityContext, DeclarationContext, EdgeContext

PROVIDER_API = 1

Capability = Literal[
    "keda",
    "prometheus",
    "gpu-device-plugin",
    "gpu-dra-driver",
    "neuron-device-plugin",
    "efa-device-plugin",
    "karpenter",
    "kueue",
    "external-secrets",
    "load-balancer-controller",
    "external-dns",
    "leader-worker-set",
    "cert-manager",
    "kserve",
    "block-storage",
    "metrics-server",
]
"""Controllers and add-ons that lowered things may need; each is installed once in a cluster, and only where needed."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Pods that run as one service account: what grants and network openings are made for."""

    owner: Address
    cluster: Address
    namespace: str
    service_account: str
    pod_labels: Mapping[str, str]
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A permission in the cloud's terms: actions on resources, under conditions."""

    actions: tuple[str, ...]
    resources: tuple[Given, ...]
    condition: Mapping[str, Mapping[str, Given]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an edge allows a workload. Its identity is the edge's: without the edge there is no grant."""

    edge: Edge
    workload: Workload
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """Exports of a capability: the nodes after which its custom resources may be created."""

    after: tuple[str, ...]


DeclarationLowering = Callable[["DeclarationContext"], None]
EdgeLowering = Callable[["EdgeContext"], None]
CapabilityLowering = Callable[["CapabilityContext"], None]
AggregateLowering = Callable[["AggregateContext"], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a changed attribute forces its resource to be replaced; None: no source says, so it may. `source` says who says so."""

    replaces: bool | None
    source: str


class AccountProblem(Exception):
    """Nothing can be asked of the cloud account. `kind`: `boto3`, `credentials` or `account`."""

    def __init__(self, kind: Literal["boto3", "credentials", "account"], message: str, help: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.help = help


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake when a resource of a type is destroyed or replaced.

    - `data`: what it keeps is lost. - `network`: addresses and paths change. - `identity`: who trusts it, or what it encrypts, is cut off.
    - `cluster`: everything that runs in it goes too.

    `loss` says what goes, as the object of a sentence: "the database and its automatic backups". `holds`: what stands in it cannot
    stay when it goes, even where nothing else of it changes.
    """

    of: Literal["data", "network", "identity", "cluster"]
    loss: str
    holds: bool = False


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """How kubectl reaches a cluster: its URL, its certificate authority (PEM in base64), and the command that gives a token."""

    server: str
    certificate_authority: str
    token_command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenId:
    """The form of ids that a cloud gives: a regular expression for the whole of one, and an example."""

    pattern: str
    example: str


@dataclass(frozen=True, slots=True)
class Acting:
    """What applying needs to know about a cloud's types, and planning does not.

    - `import_ids`: type -> form of the id under which Terraform finds an existing one, from the type's own arguments; only types
      whose name we choose.
    - `given_ids`: type -> the ids under which Terraform finds an existing one, for types to which the cloud gives one.
    - `clusters`: type of a cluster -> its access, from the attributes in Terraform's state and the cluster's region.
    - `guards`: type -> arguments that must have these values before the cloud lets it be destroyed.
    - `retains`: type -> what the cloud keeps of it after a destroy, as a form of its arguments; nothing where a number of days in it is 0.
    - `account_command`: prints a JSON object whose `Account` is the account that credentials are for.
    - `open_objects`: opens the bucket under cloud.state.
    - `prepare_bucket`: makes it, or looks at it.
    - `only_rise`: type -> the argument that is its version, where the cloud never lowers it.
    """

    import_ids: Mapping[str, str] = field(default_factory=dict)
    given_ids: Mapping[str, GivenId] = field(default_factory=dict)
    clusters: Mapping[str, Callable[[Mapping[str, Any], str], ClusterAccess]] = field(default_factory=dict)
    guards: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retains: Mapping[str, str] = field(default_factory=dict)
    account_command: tuple[str, ...] = ()
    open_objects: OpenObjects | None = None
    prepare_bucket: PrepareBucket | None = None
    only_rise: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """An explicit manifest of one provider plug-in.

    - `declarations`: kind -> function that lowers one declaration.
    - `edges`: relation -> functions that turn one edge into grants, openings and wiring.
    - `capabilities`: capability -> function that installs it in one cluster.
    - `aggregates`: functions that build documents from many declarations, run in this order.
    - `catalogue`: answers what a Terraform type's arguments are; None for a provider without Terraform.
    - `replacement`: (type, attribute path) -> Verdict, or None for types of other providers.
    - `stakes`: type -> what is lost when such a resource is destroyed or replaced; types that keep nothing are left out.
    - `costs`: the lines of the bill, from all nodes after the last step; without prices.
    - `prices`: the price table that comes with the provider, read when it is asked for.
    - `requirements`: what the cloud account must have, from all nodes after the last step.
    - `preflight`: asks the account, with the credentials of the environment; raises `AccountProblem`.
    - `offerings`: nodes with accelerators that the cloud has.
    - `engine_memory`: engine -> how it divides the memory of a GPU.
    - `nouns`: type -> what engineers call it ("NAT gateway"); others are derived from the type's own name.
    - `required_providers`: Terraform provider requirements, as in `terraform.required_providers`.
    - `acting`: what applying needs to know.
    - `rehearse`: opens a stage on which an apply is rehearsed.
    """

    name: str
    provider_api: int = PROVIDER_API
    declarations: Mapping[str, DeclarationLowering] = field(default_factory=dict)
    edges: Mapping[str, tuple[EdgeLowering, ...]] = field(default_factory=dict)
    capabilities: Mapping[Capability, CapabilityLowering] = field(default_factory=dict)
    aggregates: tuple[AggregateLowering, ...] = ()
    catalogue: Any = None
    replacement: Callable[[str, Path], Verdict | None] | None = None
    stakes: Mapping[str, Stake] = field(default_factory=dict)
    costs: Callable[[AggregateContext], tuple[CostItem, ...]] | None = None
    prices: Callable[[], PriceTable] | None = None
    requirements: Callable[[AggregateContext], tuple[Requirement, ...]] | None = None
    preflight: Callable[[Sequence[Requirement], str], Iterable[Answer]] | None = None
    offerings: Callable[[], tuple[Offering, ...]] | None = None
    engine_memory: Mapping[str, EngineMemory] = field(default_factory=dict)
    nouns: Mapping[str, str] = field(default_factory=dict)
    required_providers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    acting: Acting = field(default_factory=Acting)
    rehearse: Rehearse | None = None


@dataclass(frozen=True, slots=True)
class ProviderSet:
    """The providers of one compilation, in the order in which they lower a declaration."""

    providers: tuple[Provider, ...]

    def capability(self, name: Capability) -> CapabilityLowering | None:
        """The first provider's function that installs the capability."""
        return next((p.capabilities[name] for p in self.providers if name in p.capabilities), None)

    def verdict(self, type: str, path: Path) -> Verdict:
        """What a change of the attribute does, by the provider whose type it is."""
        for provider in self.providers:
            found = provider.replacement(type, path) if provider.replacement is not None else None
            if found is not None:
                return found
        return Verdict(None, f"no provider knows {type}")

    @property
    def prices(self) -> PriceTable:
        """All providers' price tables as one."""
        table = PriceTable({}, {}, "")
        for provider in self.providers:
            if provider.prices is not None:
                table = table.over(provider.prices())
        return table

    @property
    def nouns(self) -> Mapping[str, str]:
        """All providers' words for types."""
        return {type: noun for provider in self.providers for type, noun in provider.nouns.items()}

    @property
    def stakes(self) -> Mapping[str, Stake]:
        """All providers' stakes, by type."""
        return {type: stake for provider in self.providers for type, stake in provider.stakes.items()}

    @property
    def acting(self) -> Acting:
        """What all providers say about applying."""
        parts = [provider.acting for provider in self.providers]
        return Acting(
            {type: form for part in parts for type, form in part.import_ids.items()},
            {type: form for part in parts for type, form in part.given_ids.items()},
            {type: access for part in parts for type, access in part.clusters.items()},
            {type: values for part in parts for type, values in part.guards.items()},
            {type: form for part in parts for type, form in part.retains.items()},
            next((part.account_command for part in parts if part.account_command), ()),
            next((part.open_objects for part in parts if part.open_objects is not None), None),
            next((part.prepare_bucket for part in parts if part.prepare_bucket is not None), None),
            {type: argument for part in parts for type, argument in part.only_rise.items()},
        )
