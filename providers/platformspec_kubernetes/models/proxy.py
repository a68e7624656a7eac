"""Envoy beside the endpoint picker: it asks for each request, and sends it where the picker says.

After llm-d-router v0.10.0, chart llm-d-router-standalone. Picker and proxy share a pod, so they speak without TLS over loopback.
"""

from __future__ import annotations

from typing import Any, Final

PORT: Final = 8081
READY_PORT: Final = 19001
PICKER_PORT: Final = 9002
FILTERS: Final = "type.googleapis.com/envoy.extensions.filters"
ROUTER: Final = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{FILTERS}.http.router.v3.Router", "suppress_envoy_headers": True},
}
# A stream of tokens may take as long as the gateway lets it; the gateway has the time-out.
STREAM: Final = "86400s"


def configuration() -> dict[str, Any]:
    """A listener for requests, one for readiness, and the clusters behind them."""
    picker = {
        "name": "envoy.filters.http.ext_proc",
        "typed_config": {
            "@type": f"{FILTERS}.http.ext_proc.v3.ExternalProcessor",
            "failure_mode_allow": False,
            "grpc_service": {
                "envoy_grpc": {"cluster_name": "picker", "authority": f"localhost:{PICKER_PORT}"},
                "timeout": "10s",
            },
            "processing_mode": {
                "request_header_mode": "SEND",
                "response_header_mode": "SEND",
                "request_body_mode": "FULL_DUPLEX_STREAMED",
                "response_body_mode": "FULL_DUPLEX_STREAMED",
                "request_trailer_mode": "SEND",
                "response_trailer_mode": "SEND",
            },
            "message_timeout": "1000s",
        },
    }
    health = {
        "name": "envoy.filters.http.health_check",
        "typed_config": {
            "@type": f"{FILTERS}.http.health_check.v3.HealthCheck",
            "pass_through_mode": False,
            "headers": [{"name": ":path", "string_match": {"exact": "/ready"}}],
        },
    }
    to_replica = {
        "match": {"prefix": "/"},
        "route": {"cluster": "replica", "timeout": STREAM, "idle_timeout": STREAM},
    }
    return {
        "static_resources": {
            "listeners": [
                _listener("requests", PORT, [to_replica], [picker, ROUTER]),
                _listener("ready", READY_PORT, [], [health, ROUTER]),
            ],
            "clusters": [_replica(), _picker()],
        }
    }


def _listener(name: str, port: int, routes: list[dict[str, Any]], filters: list[dict[str, Any]]) -> dict[str, Any]:
    manager = {
        "@type": f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"name": name, "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
        "http_filters": filters,
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        "filter_chains": [chain],
    }


def _replica() -> dict[str, Any]:
    """Wherever the picker's header says."""
    return {
        "name": "replica",
        "type": "ORIGINAL_DST",
        "connect_timeout": "10s",
        "lb_policy": "CLUSTER_PROVIDED",
        "original_dst_lb_config": {"use_http_header": True, "http_header_name": "x-gateway-destination-endpoint"},
    }


def _picker() -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": PICKER_PORT}}
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": "picker",
        "type": "STATIC",
        "connect_timeout": "10s",
        "typed_extension_protocol_options": {
            options: {
                "@type": f"type.googleapis.com/{options}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": "picker",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
