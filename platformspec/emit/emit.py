"""Program -> artifacts. Total: a verified program always emits."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import tempfile
from dataclasses import asdict

from platformspec.emit import kubernetes, requirements
from platformspec.emit.artifacts import ArtifactTree
from platformspec.emit.cdk import VERSION, Stack, manifest, synthesise
from platformspec.emit.settings import EmitSettings
from platformspec.emit.terraform import stack_tree
from platformspec.ir.delivery import deliveries
from platformspec.ir.link import link
from platformspec.ir.node import Manifest
from platformspec.ir.program import KUBERNETES_STACK, Program
from platformspec.ir.serialise import to_json

# Rises with every change of this package that changes a stack's bytes, so that cached ones are not used.
EMITTER = 1


def emit(
    program: Program, settings: EmitSettings, *, cache: pathlib.Path | None = None, emptied: tuple[str, ...] = ()
) -> ArtifactTree:
    """All files of the program. Stacks whose tree is in `cache` are not synthesised again; with all of them cached
    neither the CDK nor Node is started. `emptied`: stacks that are emitted although nothing is left in them, so that Terraform
    takes away what their state holds. Raises `Failure`."""
    linked = link(program, settings.remote_state)
    files: dict[str, bytes] = {"ir.json": to_json(program)}
    files[requirements.FILE] = requirements.render(program.platform, program.environment, program.requirements)
    names = sorted({*linked.by_stack, *emptied} - {KUBERNETES_STACK})
    for name, content in _stacks(linked, names, settings, cache).items():
        files[f"terraform/stacks/{name}/cdk.tf.json"] = content
    dependencies = {
        name: tuple(d for d in linked.stack_dependencies.get(name, ()) if d != KUBERNETES_STACK) for name in names
    }
    files["terraform/manifest.json"] = manifest(dependencies)
    bindings: list[kubernetes.Binding] = []
    engines = {cluster: delivery.engine for cluster, delivery in deliveries(linked).items()}
    for node in linked:
        if isinstance(node, Manifest):
            engine = engines.get(str(node.placement.cluster))
            files[kubernetes.path_of(node)], found = kubernetes.render(linked, node, engine)
            bindings += found
    files["bindings.json"] = (json.dumps([asdict(binding) for binding in sorted(bindings)], indent=2) + "\n").encode()
    return ArtifactTree(dict(sorted(files.items())))


def _stacks(program: Program, names: list[str], settings: EmitSettings, cache: pathlib.Path | None) -> dict[str, bytes]:
    done: dict[str, bytes] = {}
    todo: dict[str, Stack] = {}
    keys: dict[str, str] = {}
    for name in names:
        tree = stack_tree(program, name)
        backend, config = settings.backend(name)
        used = {type.split("_", 1)[0] for block in ("resource", "data", "ephemeral") for type in tree.get(block, ())}
        required = {key: value for key, value in settings.required_providers.items() if key in used}
        stack = Stack(name, tree, backend, config, required)
        keys[name] = hashlib.sha256(json.dumps([EMITTER, VERSION, asdict(stack)], sort_keys=True).encode()).hexdigest()
        cached = _recall(cache, keys[name])
        if cached is None:
            todo[name] = stack
        else:
            done[name] = cached
    for name, content in synthesise(list(todo.values()), settings.cdk).items():
        done[name] = content
        _remember(cache, keys[name], content)
    return done


def _recall(cache: pathlib.Path | None, key: str) -> bytes | None:
    if cache is None:
        return None
    try:
        content = (cache / key).read_bytes()
    except OSError:
        return None
    digest, _, body = content.partition(b"\n")
    return body if digest == hashlib.sha256(body).hexdigest().encode() else None


def _remember(cache: pathlib.Path | None, key: str, content: bytes) -> None:
    if cache is None:
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, delete=False) as file:
            file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        os.replace(file.name, cache / key)
    except OSError:
        # A cache that cannot be written costs time, and nothing else.
        return
