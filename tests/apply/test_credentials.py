"""Credentials that run out, buckets in another region, clusters that do not answer: what it is, and which command goes on."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from platformspec.apply.credentials import credentials_failure, region_failure
from platformspec.apply.kubectl import Cluster, Identity
from platformspec.apply.process import Program as Tool
from platformspec.apply.resuming import RESUME
from platformspec.apply.terraform import Stack
from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.diagnostics import Failure
from tests.support.examples import ROOT
from tests.support.rehearsed import needs_kubectl, needs_terraform


@pytest.mark.parametrize(
    "words",
    [
        "api error ExpiredToken: The provided token has expired.",
        "ExpiredTokenException: The security token included in the request is expired",
        "RequestExpired: Request has expired.",
        "Error when retrieving token from sso: Token has expired and refresh failed",
        "The SSO session associated with this profile has expired or is otherwise invalid.",
        "Error loading SSO Token: The SSO access token has either expired or is otherwise invalid.",
        "get credentials: failed to refresh cached credentials, refresh cached SSO token failed",
    ],
)
def test_words_of_credentials_that_ran_out(words: str) -> None:
    found = credentials_failure("here", words, "platformspec drift")
    assert found is not None
    assert found.diagnostic.code.id == "PS769"
    assert str(found.diagnostic.help).endswith("then `platformspec drift`")
    assert region_failure("here", words, RESUME) is None


@pytest.mark.parametrize(
    "words", ["AccessDenied: no", "the certificate has expired", "ThrottlingException: Rate exceeded"]
)
def test_words_of_something_else(words: str) -> None:
    assert credentials_failure("here", words, RESUME) is None
    assert region_failure("here", words, RESUME) is None


ANSWERS = {
    "PermanentRedirect": (301, "The bucket must be addressed using the specified endpoint.", "PS771"),
    "AuthorizationHeaderMalformed": (400, "the region 'us-east-1' is wrong; expecting 'eu-central-1'", "PS771"),
    "ExpiredToken": (400, "The provided token has expired.", "PS769"),
    "AccessDenied": (403, "Access Denied", "PS716"),
}


@contextmanager
def s3_that_says(code: str) -> Iterator[str]:
    status, message, _ = ANSWERS[code]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            self.send_response(status)
            if status == 301:
                self.send_header("x-amz-bucket-region", "eu-central-1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@needs_terraform
@pytest.mark.parametrize("code", ANSWERS)
def test_what_terraform_says_of_a_bucket(code: str, tmp_path: pathlib.Path) -> None:
    backend = {"bucket": "acme", "key": "k", "region": "us-east-1", "use_path_style": True}
    skips = {"skip_credentials_validation": True, "skip_requesting_account_id": True}
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "cdk.tf.json").write_text(json.dumps({"terraform": {"backend": {"s3": {**backend, **skips}}}}))
    with s3_that_says(code) as url:
        keys = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        terraform = Tool(shutil.which("terraform") or "terraform", keys)
        stack = Stack(
            "network",
            terraform,
            folder,
            tmp_path / "logs",
            None,
            lambda _: None,
            False,
            "platformspec drift --env prod",
        )
        with pytest.raises(Failure) as caught:
            stack.initialise()
    said = caught.value.diagnostic
    assert said.code.id == ANSWERS[code][2], said
    assert "`platformspec drift --env prod`" in str(said.help)
    assert ("cloud.state.region to eu-central-1" in str(said.help)) == (said.code.id == "PS771")


@pytest.mark.parametrize(
    ("says", "code", "help"),
    [
        ("Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout", "PS703", "over a VPN"),
        ("error: You must be logged in to the server (Unauthorized)", "PS703", "`admins` of the cluster"),
        ("getting credentials: exec: executable aws failed with exit code 254", "PS703", "`admins` of the cluster"),
        ("An error occurred (ExpiredToken) when calling AssumeRole", "PS769", "renew the credentials"),
        ("admission webhook denied the request", "PS717", "mend the cause"),
    ],
)
def test_the_help_names_the_command_that_was_typed(says: str, code: str, help: str, tmp_path: pathlib.Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    kubectl.chmod(0o755)
    cluster = Cluster("main", Tool(str(kubectl)), again="platformspec plan --live --env prod")
    ask = cluster.reach if code != "PS717" else lambda: cluster.delete(Identity("v1", "ConfigMap", "app", "a"))
    with pytest.raises(Failure) as caught:
        ask()
    said = caught.value.diagnostic
    assert said.code.id == code
    assert help in str(said.help)
    assert "then `platformspec plan --live --env prod`" in str(said.help)


@needs_terraform
@needs_kubectl
def test_credentials_run_out_in_the_middle_and_the_resume_ends_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "platform"
    shutil.copytree(ROOT / "examples/bedrock-only", folder, ignore=shutil.ignore_patterns(".platformspec"))
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        'rules:\n- {type: aws_nat_gateway, op: create, error: "ExpiredToken: The provided token has expired"}\n'
    )
    common = [str(folder), "--rehearse", "--auto-approve"]
    assert main(["apply", *common, "--target", "network.main", "--inject", str(rules)]) == exit.PARTIAL
    said = capsys.readouterr().err
    assert "error[PS769]" in said
    assert "renew the credentials" in said
    assert "`platformspec apply --resume`" in said
    assert main(["apply", *common, "--resume"]) == exit.OK
    capsys.readouterr()
    # Looking names itself: it is not an apply that goes on.
    monkeypatch.setattr("platformspec.cli.commands.drift.drift", expired)
    assert main(["drift", str(folder), "--rehearse"]) == exit.ERRORS
    assert f"`platformspec drift {folder} --rehearse`" in capsys.readouterr().err


def expired(site: object, applied: object) -> None:
    """Stands for a look that meets an error of the cloud, in the words in which a stack of this site says it."""
    raise site.stack("network", "stack network").failure("plan", "ExpiredToken: no")  # type: ignore[attr-defined]
