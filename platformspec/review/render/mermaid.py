"""The affected part of the graph as a Mermaid flowchart, which GitHub and GitLab draw."""

from __future__ import annotations

from platformspec.address import Address
from platformspec.review.blast_radius import BlastRadius
from platformspec.review.wording import title

# A picture with more boxes than this is no picture.
MOST_BOXES = 30


def mermaid(radius: BlastRadius) -> str | None:
    """What changes (thick) and what depends on it; None where there is nothing to draw, or too much."""
    shown = {*radius.changed, *radius.affected}
    teams = {e.target for e in radius.edges if e.target.kind == "team"}
    boxes = sorted(shown | teams, key=str)
    if not radius.affected or len(boxes) > MOST_BOXES:
        return None
    names = {address: f"n{position}" for position, address in enumerate(boxes)}
    lines = ["flowchart LR"]
    lines += [f'  {names[address]}["{_text(address)}"]' for address in boxes]
    for edge in radius.edges:
        if edge.source in names and edge.target in names:
            lines.append(f"  {names[edge.source]} -->|{edge.relation.replace('_', ' ')}| {names[edge.target]}")
    changed = ",".join(names[address] for address in radius.changed if address in names)
    if changed:
        lines += ["  classDef changed stroke-width:3px", f"  class {changed} changed"]
    return "\n".join(lines)


def _text(address: Address) -> str:
    # Names are letters, digits and hyphens, so nothing in a title can end the label.
    return title(address) if address.kind != "model" else f"model {address.name}"
