"""Curves on logarithmic axes, as plain SVG that follows the reader's light or dark scheme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP, PANEL, GAP = 860, 64, 24, 46, 170, 64
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 }
  .grid { stroke: #d0d7de } .line { fill: none; stroke: #7c5cff; stroke-width: 2 } .dot { fill: #7c5cff }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } }
"""


@dataclass(frozen=True, slots=True)
class Curve:
    """One panel: points of a size and what was measured at it, both above 0."""

    name: str
    axis: str
    points: Sequence[tuple[float, float]]


def draw(title: str, curves: Sequence[Curve]) -> str:
    """Return a picture of curves, two beside each other in a row."""
    rows = math.ceil(len(curves) / 2)
    high = TOP + rows * (PANEL + GAP)
    box = f'viewBox="0 0 {WIDTH} {high}" role="img" aria-label="{escape(title)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>',
        f'<style>{STYLE}</style><text class="title" x="8" y="20" style="font-size:15px">{escape(title)}</text>',
    ]
    wide = (WIDTH - RIGHT) / 2
    for at, curve in enumerate(curves):
        parts += _panel(curve, (at % 2) * wide, TOP + (at // 2) * (PANEL + GAP), wide)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(curve: Curve, left: float, top: float, wide: float) -> list[str]:
    assert all(size > 0 and value > 0 for size, value in curve.points), "a logarithm is of what is above 0"
    xs, ys = [math.log10(size) for size, _ in curve.points], [math.log10(value) for _, value in curve.points]
    low_x, low_y = math.floor(min(xs)), math.floor(min(ys))
    high_x, high_y = max(math.ceil(max(xs)), low_x + 1), max(math.ceil(max(ys)), low_y + 1)

    def across(x: float) -> float:
        return left + LEFT + (x - low_x) / (high_x - low_x) * (wide - LEFT - 16)

    def up(y: float) -> float:
        return top + PANEL - (y - low_y) / (high_y - low_y) * (PANEL - 20)

    parts = [
        f'<text class="title" x="{left + 8:.0f}" y="{top + 4:.0f}">{escape(curve.name)}: {escape(curve.axis)}</text>'
    ]
    for y in range(low_y, high_y + 1):
        parts.append(
            f'<line class="grid" x1="{across(low_x):.1f}" x2="{across(high_x):.1f}" y1="{up(y):.1f}" y2="{up(y):.1f}"/>'
        )
        parts.append(f'<text x="{across(low_x) - 8:.1f}" y="{up(y) + 4:.1f}" text-anchor="end">{10.0**y:g}</text>')
    for x in range(low_x, high_x + 1):
        parts.append(f'<text x="{across(x):.1f}" y="{top + PANEL + 18:.1f}" text-anchor="middle">{10.0**x:,.0f}</text>')
    path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(xs, ys, strict=True))
    parts.append(f'<polyline class="line" points="{path}"/>')
    parts += [
        f'<circle class="dot" cx="{across(x):.1f}" cy="{up(y):.1f}" r="3.5"/>' for x, y in zip(xs, ys, strict=True)
    ]
    return parts
