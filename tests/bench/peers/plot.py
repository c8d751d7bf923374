"""Hand-written SVG: panels of horizontal bars, the median as the bar, least to greatest as a whisker.

Colours follow the reader's light or dark scheme. Folkmoot's bars are filled strongly, limits faintly.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from tests.bench.peers.results import Figure

WIDTH, LEFT, RIGHT = 760, 210, 150
ROW, HEAD, GAP = 20, 30, 16
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600 } .ours { fill: #7c5cff } .peer { fill: #8c959f } .limit { fill: #d0d7de }
  .whisker { stroke: #24292f; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .whisker { stroke: #e6edf3 } .limit { fill: #484f58 } }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: who, and what was measured."""

    label: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Panel:
    """One group of bars on one scale that begins at zero."""

    title: str
    bars: tuple[Bar, ...]


def draw(title: str, panels: list[Panel]) -> str:
    """Return an SVG of some panels, one below the other."""
    parts, top = [], 34
    for panel in panels:
        parts += _panel(panel, top)
        top += HEAD + ROW * len(panel.bars) + GAP
    box = f'viewBox="0 0 {WIDTH} {top}" role="img" aria-label="{escape(title)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box}>\n'
        f"<style>{STYLE}</style>\n"
        f'<text class="title" x="8" y="20" style="font-size:15px">{escape(title)}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def number(value: float) -> str:
    """Return a figure with three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _panel(panel: Panel, top: int) -> list[str]:
    most = max((bar.figure.high for bar in panel.bars), default=0.0) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / most
    parts = [f'<text class="title" x="8" y="{top + 18}">{escape(panel.title)}</text>']
    for at, bar in enumerate(panel.bars):
        y = top + HEAD + at * ROW
        figure = bar.figure
        low, high = LEFT + figure.low * scale, LEFT + figure.high * scale
        said, wide = number(figure.median), f"{figure.median * scale:.1f}"
        if figure.low != figure.high:
            said += f" ({number(figure.low)}–{number(figure.high)})"
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{_kind(bar.label)}" x="{LEFT}" y="{y + 2}" width="{wide}" height="13"/>',
            f'<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="{y + 8.5}" y2="{y + 8.5}"/>',
            f'<text x="{high + 6:.1f}" y="{y + 12}">{said}</text>',
        ]
    return parts


def _kind(label: str) -> str:
    return "ours" if label.startswith("folkmoot") else "limit" if label.startswith("limit") else "peer"
