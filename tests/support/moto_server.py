"""A simulated AWS that listens on loopback, for programs that are not in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.moto_api._internal import moto_api_backend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT = "123456789012"
REGION = "us-east-1"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing is printed for each request."""


@contextmanager
def state_bucket(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 client of a fresh account with a versioned bucket, which boto3 and terraform find by the process's variables."""
    with moto_server() as variables:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        client = boto3.Session(region_name=REGION).client("s3")
        client.create_bucket(Bucket=name)
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield client


@contextmanager
def moto_server() -> Iterator[Mapping[str, str]]:
    """Serve one account that begins empty; yields the variables by which boto3 and terraform find it.

    One request is answered at a time: moto does not look at a condition and write in one step.
    """
    moto_api_backend.reset()
    server = make_server(
        "127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
