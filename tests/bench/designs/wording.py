"""What people say: names of cells, and the words in which the same wish may be put.

On each of two topics people want opposite things. Most say so in words that are in the lexicon of the built-in judge;
a share of them says it in other words, which that judge cannot know: so its recall is set here, not found.
"""

from __future__ import annotations

import random

CELLS = (
    "venue", "food", "travel", "music", "print", "tents", "lamps", "chairs",
    "tables", "cups", "plates", "bread", "fruit", "juice", "water", "coffee",
    "milk", "soap", "paper", "paint", "wood", "nails", "rope", "cloth",
    "bikes", "buses", "trains", "hotels", "guests", "staff", "guards", "nurses",
    "insurance", "permits", "energy", "internet", "phones", "radios", "photos", "videos",
)  # fmt: skip

SAID: dict[tuple[int, int], tuple[str, ...]] = {
    (0, 1): ("Make the invitation formal", "Write the invitation in a serious tone", "Keep the invitation official"),
    (0, -1): ("Make the invitation casual", "Write the invitation in a relaxed tone", "Keep the invitation informal"),
    (1, 1): ("Make the programme short", "Keep the programme brief", "Write a concise programme"),
    (1, -1): ("Make the programme long", "Keep the programme detailed", "Write an elaborate programme"),
}
OTHERWISE: dict[tuple[int, int], str] = {
    (0, 1): "Address the guests in the invitation with title and family name",
    (0, -1): "Write the invitation as one friend to another",
    (1, 1): "Get the programme onto one page",
    (1, -1): "Say in the programme what happens every quarter of an hour",
}


def about_topic(chance: random.Random, topic: int, stance: int, *, paraphrased: float) -> str:
    """Return one wording of a wish about a topic; `paraphrased` is the share of those the built-in judge misses."""
    if chance.random() < paraphrased:
        return OTHERWISE[topic, stance]
    return chance.choice(SAID[topic, stance])


def about_cells(kind: str, cells: tuple[str, ...], amount: int) -> str:
    """Return the wording of a wish about cells; for a derivation the last cell is the one to be set."""
    names = [cell.rpartition(".")[2] for cell in cells]
    match kind:
        case "add":
            return f"{'Increase' if amount >= 0 else 'Decrease'} {names[0]} by {abs(amount)}"
        case "derive":
            return f"Make {names[2]} the sum of {names[0]} and {names[1]}"
        case _:
            listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
            return f"Set {listed} to {amount}"
