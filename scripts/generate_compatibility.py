"""Write docs/compatibility.md from the compatibility table.

python scripts/generate_compatibility.py      A test fails where the page is stale.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable

from platformspec.compatibility.table import controllers, cuda, engine_images, features, gpus, node_images

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs/compatibility.md"
INTRODUCTION = """# Compatibility

What goes with what, and who says so. The compiler reads the same table (`platformspec/compatibility/data/compatibility.json`):

- PS491: a controller against the Kubernetes version of the cluster that it is installed in. Outside a *supported* range is an error, outside
  a *tested* one a warning. An adopted cluster brings its own controllers, so they are not checked.
- PS492: the GPUs of a pool against the driver of the pinned node image, on nodes that Karpenter starts. Managed node groups take the newest
  image, whose driver is not pinned.
- PS493: the CUDA of an engine's image against the same driver. NVIDIA's forward compatibility package is not counted on.
- PS525: image volumes. An adopted cluster is checked where its file says `kubernetes`.

Where no source was found there are no figures, and no check concludes anything.
"""


def page() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        _section(
            "Controllers and Kubernetes",
            ("Chart", "Version", "Kubernetes", "Claim", "Source"),
            (
                (r.name, r.version or "", r.words or "not known", r.claim or "", r.source)
                for r in controllers().values()
            ),
        ),
        _section(
            "Features of Kubernetes",
            ("Feature", "Kubernetes", "Source"),
            ((r.name, r.words, r.source) for r in features().values()),
        ),
        _section(
            "Node images",
            ("Image", "NVIDIA driver", "Source"),
            ((r.name, str(r.branch), r.source) for r in node_images().values()),
        ),
        _section(
            "GPUs",
            ("GPU", "Oldest driver", "Source"),
            ((r.name, str(r.branch), r.source) for r in gpus().values()),
        ),
        _section(
            "CUDA",
            ("CUDA", "Oldest driver", "Source"),
            ((r.name, str(r.branch), r.source) for r in cuda().values()),
        ),
        _section(
            "Engine images",
            ("Image", "CUDA", "Oldest driver", "Source"),
            ((r.name, r.cuda, str(r.driver.branch), r.source) for r in engine_images().values()),
        ),
    ]
    return "\n".join(parts)


def _section(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", _line(head), _line("---" for _ in head), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
