"""The provider `kubernetes`: what runs in clusters, whichever cloud they are in."""

from platformspec.sdk import Provider
from platformspec_kubernetes.delivery.deliver import deliver
from platformspec_kubernetes.gateways.access import open_cache, open_database, serve_team
from platformspec_kubernetes.gateways.gateway import gateway_configurations, lower_gateway
from platformspec_kubernetes.gateways.guardrails import open_guardrail
from platformspec_kubernetes.models.access import open_route, shared_namespace
from platformspec_kubernetes.models.engines import ENGINES, memory_of
from platformspec_kubernetes.models.model import lower_model
from platformspec_kubernetes.models.weights_cache import weights_namespace
from platformspec_kubernetes.replacement import verdict
from platformspec_kubernetes.stakes import STAKES
from platformspec_kubernetes.tenancy.placement import check_placement
from platformspec_kubernetes.tenancy.queues import queues
from platformspec_kubernetes.tenancy.quota import check_quotas
from platformspec_kubernetes.tenancy.team import lower_team
from platformspec_kubernetes.vector_stores.owners import open_collection, tell_owner
from platformspec_kubernetes.vector_stores.vector_store import lower_vector_store

PROVIDER = Provider(
    name="kubernetes",
    engine_memory={name: memory_of(name) for name in ENGINES},
    declarations={
        "gateway": lower_gateway,
        "model": lower_model,
        "team": lower_team,
        "vector_store": lower_vector_store,
    },
    edges={
        "counts_in": (open_cache,),
        "falls_back_to": (open_route,),
        "guarded_by": (open_guardrail,),
        "keeps_state_in": (open_database,),
        "owned_by": (open_collection, tell_owner),
        "routes_to": (open_route,),
        "serves": (serve_team,),
    },
    aggregates=(
        check_quotas,
        check_placement,
        queues,
        shared_namespace,
        weights_namespace,
        gateway_configurations,
        deliver,
    ),
    replacement=verdict,
    stakes=STAKES,
)
