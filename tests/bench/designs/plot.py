"""The picture: DAMAGE per 100 instructions, a bar with its interval for each design and condition. Plain SVG."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.designs.report import Condition, Results, damage_of, title

COLOURS = {
    "parallel": "#c98b3a",
    "interrupt": "#b5533c",
    "rollback": "#8c3b4a",
    "enqueue": "#7a6a9c",
    "ours": "#2e7d5b",
}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 860, 380, 56, 44, 70
STEP = 20


def plot(results: Results, conditions: Sequence[Condition], designs: Sequence[str]) -> str:
    """Return the picture as SVG."""
    spreads = {key: damage_of(findings) for key, findings in results.items()}
    most = max((spread.mean + spread.half for spread in spreads.values()), default=1.0)
    top = STEP * (int(most / STEP) + 1)
    high = HEIGHT - TOP - BOTTOM

    def up(value: float) -> float:
        return TOP + high * (1 - value / top)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" fill="#222">Silent damage per 100 instructions</text>',
    ]
    for value in range(0, top + 1, STEP):
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH - 16}" y1="{up(value):.1f}" y2="{up(value):.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{up(value) + 4:.1f}" text-anchor="end" fill="#555">{value}</text>'
        )
    group = (WIDTH - LEFT - 16) / max(1, len(conditions))
    width = group * 0.8 / max(1, len(designs))
    for at, condition in enumerate(conditions):
        start = LEFT + at * group + group * 0.1
        for place, design in enumerate(designs):
            spread, x = spreads[(*condition, design)], start + place * width
            low, middle = up(spread.mean), x + width / 2 - 1
            lines.append(
                f'<rect x="{x:.1f}" y="{low:.1f}" width="{width - 3:.1f}" height="{max(1.0, up(0) - low):.1f}" '
                f'fill="{COLOURS.get(design, "#888")}"/>'
                f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{up(spread.mean + spread.half):.1f}" '
                f'y2="{up(max(0.0, spread.mean - spread.half)):.1f}" stroke="#222"/>'
                f'<text x="{middle:.1f}" y="{up(spread.mean + spread.half) - 5:.1f}" text-anchor="middle" '
                f'fill="#222">{spread.mean:.1f}</text>'
            )
        lines.append(
            f'<text x="{start + group * 0.4:.1f}" y="{up(0) + 20:.1f}" text-anchor="middle" fill="#222">'
            f"{title(condition)}</text>"
        )
    for place, design in enumerate(designs):
        x = LEFT + place * 120
        lines.append(
            f'<rect x="{x}" y="{HEIGHT - 26}" width="12" height="12" fill="{COLOURS.get(design, "#888")}"/>'
            f'<text x="{x + 18}" y="{HEIGHT - 16}" fill="#222">{design}</text>'
        )
    return "\n".join([*lines, "</svg>", ""])
