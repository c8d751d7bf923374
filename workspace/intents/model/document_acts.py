"""What can be done with a document as a whole: call it something else, put it away, throw it away, take it back.

A document goes by its *id* in the log and the journal, for ever; its *name* is what people see and addresses hold. The
id is the name under which it was made. Where an older document has that id already it is followed by `/_` and the
number of a record, which no name may hold: so an id is never a name of another document.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, Literal

import msgspec

from workspace.intents.model.intent import Role

ActName = Literal["rename", "archive", "delete", "restore"]
DocumentState = Literal["living", "archived", "deleted"]
_MADE_AGAIN = "/_"
# An address may name a document by its id: no name begins so.
BY_ID = "_id/"
# A document that was put away counts no more as living, and is kept: so many times as many are kept as may live.
KEPT_FACTOR = 10


class Acts:
    """The acts on a document, by name."""

    RENAME: Final = "rename"
    ARCHIVE: Final = "archive"
    DELETE: Final = "delete"
    RESTORE: Final = "restore"


# Who may do what: the least role. What others lose sight of is the owner's to decide.
LEAST_ROLE: dict[ActName, Role] = {"rename": "editor", "archive": "owner", "delete": "owner", "restore": "owner"}
PAST: dict[ActName, str] = {
    "rename": "renamed", "archive": "archived", "delete": "deleted", "restore": "restored",
}  # fmt: skip
BECOMES: dict[ActName, DocumentState] = {"archive": "archived", "delete": "deleted", "restore": "living"}


class DocumentAct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One act on a document. `doc` is its id; from a planner the name by which its author calls it.

    `name` is its new name: that of a rename; that of a restored one where its old one is taken, else empty. `was` is
    what it was called by whoever wanted it.
    """

    do: ActName
    doc: str
    name: str = ""
    was: str = ""


def new_id(name: str, known: Container[str], seq: int) -> str:
    """Return the id of a document that record `seq` makes under a name: the name itself where no other has that id."""
    assert seq >= 1, "records are counted from 1"
    return name if name not in known else f"{name}{_MADE_AGAIN}{seq}"


def nobodys_id(name: str) -> str:
    """Return an id that tells a name and is no document's: no record has the number 0."""
    return f"{name}{_MADE_AGAIN}0"


def made_as(doc: str) -> str:
    """Return the name under which a document was made, from its id."""
    name, mark, number = doc.rpartition(_MADE_AGAIN)
    return name if mark and name and number.isdecimal() else doc


def words_of_act(act: DocumentAct) -> str:
    """Return in words what became of a document, by the name that it had."""
    name = act.was or made_as(act.doc)
    match act.do:
        case Acts.RENAME:
            return f"{name}: renamed to {act.name}"
        case Acts.RESTORE if act.name and act.name != name:
            return f"{name}: restored as {act.name}"
        case _:
            return f"{name}: {PAST[act.do]}"
