"""Random documents and histories for property tests: several people, emoji, combining characters, deletions."""

from __future__ import annotations

import random

from crdt.documents.document import Document

ALPHABET = ["a", "b", " ", "\n", "é", "e\u0301", "😀", "👩‍👩‍👧", "漢", "Z"]


def scribble(document: Document, chance: random.Random, *, edits: int = 6) -> list[bytes]:
    """Make random insertions and deletions; return the updates in order."""
    made = []
    for _ in range(edits):
        size = len(document.text())
        with document.transaction() as done:
            if size and chance.random() < 0.35:
                start = chance.randrange(size)
                document.delete_text(start, min(size, start + chance.randint(1, 4)))
            else:
                text = "".join(chance.choice(ALPHABET) for _ in range(chance.randint(1, 5)))
                document.insert_text(chance.randint(0, size), text)
        made += [change.update for change in done]
    return made


def shared_history(seed: int, *, people: int = 3, rounds: int = 4) -> tuple[Document, list[bytes]]:
    """Return a document that several people wrote concurrently, and its updates in one causal order."""
    chance = random.Random(seed)
    replicas = [Document("text", client=100 + who) for who in range(people)]
    updates: list[bytes] = []
    for _ in range(rounds):
        fresh = [(who, scribble(replicas[who], chance, edits=chance.randint(0, 4))) for who in range(people)]
        chance.shuffle(fresh)
        for who, made in fresh:
            updates += made
            for other, replica in enumerate(replicas):
                if other != who:
                    for update in made:
                        replica.apply(update)
    return replicas[0], updates
