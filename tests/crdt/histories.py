"""Random documents and histories for property tests: several people, emoji, combining characters, deletions."""

from __future__ import annotations

import random

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

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


def scribble_values(doc: Doc, chance: random.Random) -> None:
    """Change maps, arrays, nested text and XML at random."""
    data, rich = doc.get("data", type=Map), doc.get("default", type=XmlFragment)
    match chance.randrange(9):
        case 0:
            data[chance.choice("abc")] = {"deep": [1, None, True, -7.5, "😀", {"k": b"\x00\xff"}]}
        case 1:
            data["list"] = Array([chance.random(), "漢", [[], {}]])
        case 2 if isinstance(found := data.get("list"), Array):
            found.insert(chance.randint(0, len(found)), Map({"inner": Text("e\u0301😀")}))
        case 3 if isinstance(found := data.get("list"), Array) and len(found):
            del found[chance.randrange(len(found))]
        case 4 if len(data):
            del data[chance.choice(sorted(data.keys()))]
        case 5:
            rich.children.append(XmlElement("p", {"level": "2"}, [XmlText("hello 😀")]))
        case 6 if len(rich.children):
            del rich.children[chance.randrange(len(rich.children))]
        case 7:
            words = doc.get("content", type=Text)
            char = chance.choice(ALPHABET)
            words.insert(0, char * 3)
            words.format(0, len(char.encode()), {"bold": True, "link": {"href": "x"}})
        case _:
            doc.get("content", type=Text).insert_embed(0, {"image": [chance.randrange(9)]})
