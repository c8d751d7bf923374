"""What the command language can say, as values. Names of documents and sections are still as the author wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crdt.digest import Json
from workspace.intents.model.document_acts import ActName

Which = Literal["only", "first", "second", "third", "last", "all"]
Case = Literal["upper", "lower", "title"]
Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class ReplaceText:
    """Put `new` in place of `old`; `old` must occur once unless `which` says otherwise."""

    old: str
    new: str
    doc: str | None = None
    which: Which = "only"


@dataclass(frozen=True, slots=True)
class InsertText:
    """Put `text` before or after `anchor`."""

    text: str
    side: Side
    anchor: str
    doc: str | None = None
    which: Which = "only"


@dataclass(frozen=True, slots=True)
class AppendText:
    """Add `text` as the last (or, `at_start`, the first) line of a text document."""

    text: str
    doc: str | None = None
    at_start: bool = False


@dataclass(frozen=True, slots=True)
class DeleteText:
    """Take out `text`."""

    text: str
    doc: str | None = None
    which: Which = "only"


@dataclass(frozen=True, slots=True)
class CutLines:
    """Take out lines `first` to `last`, counted from 1."""

    first: int
    last: int
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteSection:
    """Take out a heading with all that stands under it."""

    section: str
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class ReplaceSection:
    """Put `text` in place of all that stands under a heading."""

    section: str
    text: str
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class AddToSection:
    """Add `text` as the last line under a heading."""

    section: str
    text: str
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class CutSection:
    """Keep only the first `lines` lines under a heading."""

    section: str
    lines: int
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class CaseSection:
    """Change the case of a section's body, or (no section) of the whole text or the selection."""

    section: str | None
    case: Case
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class RenameHeading:
    """Give a heading another text."""

    old: str
    new: str
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class OrderList:
    """Sort the first list under a heading (or in the text), or drop its repeated items."""

    section: str | None
    dedupe: bool = False
    reverse: bool = False
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class SetData:
    """Put `value` at `target`. Only `set` makes a name that is not there; `change` is said of words in a text, too."""

    target: str
    value: Json
    verb: Literal["set", "change", "make"] = "set"


@dataclass(frozen=True, slots=True)
class AddNumber:
    """Add `by` to the number at `target`; `percent` of it instead, where given."""

    target: str
    by: float
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class RemoveData:
    """Remove what stands at `target`."""

    target: str


@dataclass(frozen=True, slots=True)
class AddItem:
    """Add `value` to the list (or number, or text document) at `target`."""

    target: str
    value: Json


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Remove `value` from the list (or text document) at `target`."""

    target: str
    value: Json


@dataclass(frozen=True, slots=True)
class MoveItem:
    """Move `value` in the list at `target` to `position`, counted from 1; -1 is the end."""

    target: str
    value: Json
    position: int


@dataclass(frozen=True, slots=True)
class MakeDocument:
    """Create an empty document."""

    name: str
    kind: Literal["text", "data"]


@dataclass(frozen=True, slots=True)
class AskAuthor:
    """Ask the author something."""

    question: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SendMail:
    """Send a mail once everything else is done; `via` names the receiver where there are several."""

    to: str
    subject: str
    text: str
    via: str | None = None


@dataclass(frozen=True, slots=True)
class CallHook:
    """Tell a webhook something once everything else is done."""

    via: str
    value: Json


@dataclass(frozen=True, slots=True)
class ActOnDocument:
    """Rename, archive, delete or restore a document; `name` is its new name, empty where it keeps its own."""

    do: ActName
    document: str
    name: str = ""


TextCommand = (
    ReplaceText
    | InsertText
    | AppendText
    | DeleteText
    | CutLines
    | DeleteSection
    | ReplaceSection
    | AddToSection
    | CutSection
    | CaseSection
    | RenameHeading
    | OrderList
)
DataCommand = SetData | AddNumber | RemoveData | AddItem | RemoveItem | MoveItem
Outward = SendMail | CallHook
Command = TextCommand | DataCommand | MakeDocument | ActOnDocument | AskAuthor | Outward


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its commands in order, and how many seconds the plan is to be held back."""

    commands: tuple[Command, ...]
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Which part of an instruction the language does not know, and the nearest form it does."""

    part: str
    nearest: str
