"""Run as a Terraform provider: `python -m platformspec_rehearsal.plugin PROVIDER FOLDER`. Terraform starts it."""

from __future__ import annotations

import base64
import os
import pathlib
import ssl
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Any, Final

import grpc

from platformspec_rehearsal.plugin.catalogue import CERTIFICATE
from platformspec_rehearsal.plugin.protocol import CLASSES
from platformspec_rehearsal.plugin.service import CALLS, Service

PRIVATE_KEY: Final = "private-key.pem"
# How HashiCorp's go-plugin shakes hands: `core|protocol|network|address|transport|certificate`, one line on standard output
# (https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md).
CORE_VERSION: Final = 1
PROTOCOL_VERSION: Final = 5
COOKIE: Final = "TF_PLUGIN_MAGIC_COOKIE"
# Terraform asks for ten resources at a time, and each provider process serves one terraform.
THREADS: Final = 16


def serve(provider: str, folder: pathlib.Path) -> None:
    """Answer terraform until it says that it has finished."""
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
    service = Service(provider, folder)
    handlers = {
        call: grpc.unary_unary_rpc_method_handler(
            _bound(method, service),
            request_deserializer=CLASSES[request].FromString,
            response_serializer=_serialise,
        )
        for call, (request, method) in CALLS.items()
    }
    shut_down = grpc.unary_unary_rpc_method_handler(lambda request, context: _end(server))
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("tfplugin5.Provider", handlers),
            grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": shut_down}),
        )
    )
    certificate = (folder / CERTIFICATE).read_bytes()
    # Terraform checks that it speaks with the one whose certificate stands in the handshake. It shows a certificate of its own
    # with a P-521 key, which gRPC's TLS library does not accept, so it cannot be asked for it; the server is on loopback.
    credentials = grpc.ssl_server_credentials([((folder / PRIVATE_KEY).read_bytes(), certificate)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate.decode())).decode().rstrip("=")
    print(f"{CORE_VERSION}|{PROTOCOL_VERSION}|tcp|127.0.0.1:{port}|grpc|{der}", flush=True)
    server.wait_for_termination()


def _serialise(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else bytes(answer.SerializeToString())


def _bound(method: Callable[[Service, Any], Any], service: Service) -> Callable[[Any, Any], Any]:
    return lambda request, context: method(service, request)


def _end(server: grpc.Server) -> bytes:
    # The answer must leave first.
    server.stop(0.5)
    return b""


def main() -> int:
    """Serve, if it is terraform who asks."""
    if COOKIE not in os.environ:
        print("this is a simulated Terraform provider; terraform starts it", file=sys.stderr)
        return 64
    serve(sys.argv[1], pathlib.Path(sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
