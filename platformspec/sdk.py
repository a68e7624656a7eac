"""The only module that a provider imports from the compiler."""

from platformspec.address import Address
from platformspec.compatibility.table import (
    Driver,
    KubernetesRange,
    controllers,
    engine_images,
    features,
    gpus,
    node_images,
)
from platformspec.cost.prices import Price, PriceTable
from platformspec.diagnostics import Code, Failure, Path, Related, Report
from platformspec.diagnostics.suggest import closest
from platformspec.fit.architecture import divides, keeps_blocks
from platformspec.fit.engine import EngineMemory, Load
from platformspec.fit.estimate import Estimate, Fitted, Setup, estimate
from platformspec.fit.fixes import Fix, Place, fixes, keeps_concurrency, starts
from platformspec.fit.gpu import Gpu, gpu
from platformspec.fit.offerings import Offering
from platformspec.fit.precision import PRECISIONS, USUAL
from platformspec.fit.text import margin_line, number, sum_lines
from platformspec.fit.weights import weights_bytes_by_size
from platformspec.graph.edge import Edge
from platformspec.graph.platform import Declaration
from platformspec.ir.cost import Amount, CostItem, Share
from platformspec.ir.delivery import CHILDREN_FOLDER, DELIVERY_LABEL
from platformspec.ir.expr import Attr, Concat, Expr, Json, Secret, Value, Yaml, concat, folded, is_known
from platformspec.ir.naming import name_part, physical_name
from platformspec.ir.node import Data, Ephemeral, Manifest, Node, Placement, Resource
from platformspec.ir.requirement import Answer, Requirement
from platformspec.ir.schema import Catalogue
from platformspec.ir.sourced import Sourced, paths_of
from platformspec.kinds.accelerators import GPU, TRAINIUM2, Device, device_of
from platformspec.kinds.base import Ref
from platformspec.kinds.catalogue import (
    ModelFacts,
    catalogue,
    facts_of,
    known_model,
    named_after,
    repository_of,
    variants,
)
from platformspec.kinds.cloud import BucketExports, ModelBucketSpec, NetworkExports, NetworkSpec
from platformspec.kinds.cluster import ClusterExports, ClusterSpec
from platformspec.kinds.cron import minutes_of_week
from platformspec.kinds.database import CacheExports, CacheSpec, DatabaseExports, DatabaseSpec, database_user
from platformspec.kinds.delivery import DeliverySpec
from platformspec.kinds.gateway import FallbackSpec, FrontExports, GatewayExports, GatewaySpec, RouteSpec
from platformspec.kinds.gpu_pool import ACCELERATOR_LABEL, GpuChoice, GpuPoolExports, GpuPoolSpec, SharingSpec
from platformspec.kinds.guardrail import GuardrailExports, GuardrailSpec
from platformspec.kinds.lending import borrowable
from platformspec.kinds.model import ModelExports, ModelSpec
from platformspec.kinds.parallelism import (
    Parallelism,
    gpus_per_replica,
    parallelism,
    replicas_at_least,
    replicas_at_most,
    replicas_beside,
)
from platformspec.kinds.safety_models import verdict_of
from platformspec.kinds.serving import ServeSpec, Signal
from platformspec.kinds.team import TeamExports, TeamSpec
from platformspec.kinds.vector_store import CollectionSpec, VectorStoreExports, VectorStoreSpec
from platformspec.lower.context import Context, label_value
from platformspec.lower.contract import (
    PROVIDER_API,
    AccountProblem,
    Acting,
    Capability,
    ClusterAccess,
    GivenId,
    Grant,
    Provider,
    ProviderSet,
    Ready,
    Stake,
    Statement,
    Verdict,
    Workload,
)
from platformspec.lower.objects import Objects, ObjectsProblem, Stored
from platformspec.lower.stage import Existing, Stage, Summary
from platformspec.lower.state_bucket import BucketProblem, BucketTrait, StateBucket
from platformspec.lower.steps import AggregateContext, CapabilityContext, DeclarationContext, EdgeContext
from platformspec.source.document import Document

__all__ = [
    "ACCELERATOR_LABEL",
    "CHILDREN_FOLDER",
    "DELIVERY_LABEL",
    "GPU",
    "PRECISIONS",
    "PROVIDER_API",
    "TRAINIUM2",
    "USUAL",
    "AccountProblem",
    "Acting",
    "Address",
    "AggregateContext",
    "Amount",
    "Answer",
    "Attr",
    "BucketExports",
    "BucketProblem",
    "BucketTrait",
    "CacheExports",
    "CacheSpec",
    "Capability",
    "CapabilityContext",
    "Catalogue",
    "ClusterAccess",
    "ClusterExports",
    "ClusterSpec",
    "Code",
    "CollectionSpec",
    "Concat",
    "Context",
    "CostItem",
    "Data",
    "DatabaseExports",
    "DatabaseSpec",
    "Declaration",
    "DeclarationContext",
    "DeliverySpec",
    "Device",
    "Document",
    "Driver",
    "Edge",
    "EdgeContext",
    "EngineMemory",
    "Ephemeral",
    "Estimate",
    "Existing",
    "Expr",
    "Failure",
    "FallbackSpec",
    "Fitted",
    "Fix",
    "FrontExports",
    "GatewayExports",
    "GatewaySpec",
    "GivenId",
    "Gpu",
    "GpuChoice",
    "GpuPoolExports",
    "GpuPoolSpec",
    "Grant",
    "GuardrailExports",
    "GuardrailSpec",
    "Json",
    "KubernetesRange",
    "Load",
    "Manifest",
    "ModelBucketSpec",
    "ModelExports",
    "ModelFacts",
    "ModelSpec",
    "NetworkExports",
    "NetworkSpec",
    "Node",
    "Objects",
    "ObjectsProblem",
    "Offering",
    "Parallelism",
    "Path",
    "Place",
    "Placement",
    "Price",
    "PriceTable",
    "Provider",
    "ProviderSet",
    "Ready",
    "Ref",
    "Related",
    "Report",
    "Requirement",
    "Resource",
    "RouteSpec",
    "Secret",
    "ServeSpec",
    "Setup",
    "Share",
    "SharingSpec",
    "Signal",
    "Sourced",
    "Stage",
    "Stake",
    "StateBucket",
    "Statement",
    "Stored",
    "Summary",
    "TeamExports",
    "TeamSpec",
    "Value",
    "VectorStoreExports",
    "VectorStoreSpec",
    "Verdict",
    "Workload",
    "Yaml",
    "borrowable",
    "catalogue",
    "closest",
    "concat",
    "controllers",
    "database_user",
    "device_of",
    "divides",
    "engine_images",
    "estimate",
    "facts_of",
    "features",
    "fixes",
    "folded",
    "gpu",
    "gpus",
    "gpus_per_replica",
    "is_known",
    "keeps_blocks",
    "keeps_concurrency",
    "known_model",
    "label_value",
    "margin_line",
    "minutes_of_week",
    "name_part",
    "named_after",
    "node_images",
    "number",
    "parallelism",
    "paths_of",
    "physical_name",
    "replicas_at_least",
    "replicas_at_most",
    "replicas_beside",
    "repository_of",
    "starts",
    "sum_lines",
    "variants",
    "verdict_of",
    "weights_bytes_by_size",
]
