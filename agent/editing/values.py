"""Carry out data commands: typed operations on values, relative wherever the command is."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from agent.editing.commands import (
    AddItem,
    AddNumber,
    DataCommand,
    MoveItem,
    RemoveData,
    RemoveItem,
    SetData,
)
from agent.editing.text import CannotDo
from crdt.digest import Json, canonical, normalise
from crdt.documents.anchor import Anchor
from crdt.documents.document import Document
from crdt.documents.item_numbers import ItemNumbers, find_numbered_items, list_item_ids
from crdt.documents.paths import ABSENT, Path, anchor_item, dotted, find_list, read_path
from crdt.operations.execute import execute
from crdt.operations.ops import (
    DeleteValue,
    Increment,
    ListAdd,
    ListMove,
    ListOp,
    ListRemove,
    Op,
    SetValue,
    ValueOp,
    hash_of_value,
)
from workspace.intents.model.wording import brief


@dataclass(slots=True)
class DataEditor:
    """One data document under edit: `snapshot` as it was, `working` after the commands so far."""

    name: str
    snapshot: Document
    working: Document
    ops: list[Op] = field(default_factory=list)
    numbers: ItemNumbers = field(default_factory=ItemNumbers)

    def carry_out(self, command: DataCommand, path: Path) -> str:
        """Carry out one command at `path` and return what was done, in words. Raises `CannotDo`."""
        match command:
            case SetData(_, value):
                return self.put(path, value)
            case AddNumber(_, by, is_percent):
                return self._add_number(path, by, is_percent=is_percent)
            case RemoveData():
                return self.remove(path)
            case AddItem(_, value):
                return self.add_item(path, value)
            case RemoveItem(_, value):
                return self._remove_item(path, value)
            case MoveItem(_, value, position):
                return self._move_item(path, value, position)

    def has(self, path: Path) -> bool:
        """Tell whether something stands at a path now."""
        return bool(path) and read_path(self.working, path) is not ABSENT

    def put(self, path: Path, value: Json) -> str:
        """Set a value and return what was done, in words."""
        before = read_path(self.working, path)
        self._check_numbers(path)
        self._do(SetValue(self.name, path, value, self._old(path)))
        was = "" if before is ABSENT else f" (it was {brief(before)})"
        return f"Set {self._at(path)} to {brief(value)}{was}."

    def remove(self, path: Path) -> str:
        """Remove a value and return what was done, in words. Raises `CannotDo`."""
        self._expect(path)
        self._check_numbers(path)
        self._do(DeleteValue(self.name, path, self._old(path)))
        return f"Removed {self._at(path)}."

    def increase(self, path: Path, by: float) -> str:
        """Add to a number and return what was done, in words. Raises `CannotDo`."""
        return self._add_number(path, by, is_percent=False)

    def _add_number(self, path: Path, by: float, *, is_percent: bool) -> str:
        now = read_path(self.working, path)
        if now is not ABSENT and (isinstance(now, bool) or not isinstance(now, int | float)):
            raise CannotDo(
                "wrong_kind", f"{self._at(path)} is {brief(now)}, not a number.", "Set it to a number first."
            )
        if is_percent:
            if now is ABSENT:
                raise CannotDo("not_found", f"There is nothing at {self._at(path)}.", "Set it to a number first.")
            value = normalise(round(float(str(now)) * (1 + by / 100), 9))
            return self.put(path, value)
        self._check_numbers(path)
        self._do(Increment(self.name, path, by))
        return f"{'Increased' if by >= 0 else 'Decreased'} {self._at(path)} by {brief(abs(by))}."

    def add_item(self, path: Path, value: Json, index: int | None = None) -> str:
        """Add an item at the end, or before the one at `index`; return what was done. Raises `CannotDo`."""
        self._check_numbers(path)
        now = read_path(self.working, path)
        if index is not None and isinstance(now, list) and 0 <= index < len(now):
            after = self._anchor(path, index - 1) if index > 0 else None
            self._do(ListAdd(self.name, path, value, after))
            return f"Added {brief(value)} to {self._at(path)}, before place {index + 1}."
        if isinstance(now, int | float) and not isinstance(now, bool) and isinstance(value, int | float):
            return self._add_number(path, value, is_percent=False)
        if now is not ABSENT and not isinstance(now, list):
            raise CannotDo(
                "wrong_kind", f"{self._at(path)} is {brief(now)}, not a list.", "Name a list, or set the value."
            )
        before = read_path(self.snapshot, path)
        after = anchor_item(self.snapshot, path, len(before) - 1) if isinstance(before, list) and before else None
        grown = any(isinstance(other, ListAdd) and other.path == path for other in self.ops)
        if isinstance(now, list) and now and not isinstance(before, list) and not grown:
            raise CannotDo("too_early", f"{self._at(path)} is new in this instruction.", "Add to it in a second one.")
        op = ListAdd(self.name, path, value, after)
        at, items = self._turn_of_append(op), list_item_ids(self.working, path)
        self._do(op, behind=anchor_item(self.working, path, len(items) - 1) if items else None)
        assert self.ops[-1] is op, "an operation is kept where it was carried out"
        self.ops.insert(at, self.ops.pop())
        return f"Added {brief(value)} to {self._at(path)}."

    def _remove_item(self, path: Path, value: Json) -> str:
        _, index = self._item(path, value)
        now = self._expect(path)
        return self.remove_item_at(path, index, now[index] if isinstance(now, list) else value)

    def remove_item_at(self, path: Path, index: int, value: Json) -> str:
        """Remove the item at `index`, which must equal `value`; return what was done. Raises `CannotDo`."""
        self._check_numbers(path)
        now = self._expect(path)
        if not isinstance(now, list) or not 0 <= index < len(now) or canonical(now[index]) != canonical(value):
            raise CannotDo("not_found", f"{brief(value)} is not item {index} of {self._at(path)}.", "View it first.")
        # A list inside a plain value has no items of its own in Yjs: it is set as a whole.
        if find_list(self.working, path) is None:
            self._do(SetValue(self.name, path, now[:index] + now[index + 1 :], self._old(path)))
        else:
            item = self._anchor(path, index)
            self._do(ListRemove(self.name, path, item, hash_of_value(self.working, (*path, index))))
        return f"Removed {brief(value)} from {self._at(path)}."

    def _move_item(self, path: Path, value: Json, position: int) -> str:
        self._check_numbers(path)
        items, index = self._item(path, value)
        target = len(items) - 1 if position < 0 else min(max(position, 1), len(items)) - 1
        assert 0 <= target < len(items), "a place in a list is inside it"
        rest = items[:index] + items[index + 1 :]
        if find_list(self.working, path) is None:
            self._do(SetValue(self.name, path, [*rest[:target], items[index], *rest[target:]], self._old(path)))
        else:
            item = self._anchor(path, index)
            before = target - 1 if target <= index else target
            after = self._anchor(path, before) if target > 0 else None
            self._do(ListMove(self.name, path, item, after))
        return f"Moved {brief(value)} to place {target + 1} of {self._at(path)}."

    def _item(self, path: Path, value: Json) -> tuple[list[Json], int]:
        """Return a list and where `value` stands in it; text is also found without regard to case."""
        now = self._expect(path)
        if not isinstance(now, list):
            raise CannotDo("wrong_kind", f"{self._at(path)} is {brief(now)}, not a list.", "Name a list.")
        wanted = canonical(value)
        hits = [index for index, item in enumerate(now) if canonical(item) == wanted]
        if not hits and isinstance(value, str):
            hits = [at for at, item in enumerate(now) if isinstance(item, str) and item.casefold() == value.casefold()]
        if not hits:
            raise CannotDo("not_found", f"{brief(value)} is not in {self._at(path)}.", f"It holds {brief(now)}.")
        assert all(0 <= hit < len(now) for hit in hits), "a hit is a place in the list"
        if len(hits) > 1:
            # Not the first of them: whose it is cannot be known from its value.
            reason = f"{brief(value)} is {len(hits)} times in {self._at(path)}."
            raise CannotDo("ambiguous", reason, "Set the list as a whole.")
        return now, hits[0]

    def _anchor(self, path: Path, index: int) -> str:
        """Return the anchor of an item that the snapshot has too. Raises `CannotDo` for one this instruction made."""
        item = anchor_item(self.working, path, index)
        assert item is not None, "a shared list's items have anchors"
        # The commit runs on the documents of then, where items of this plan have ids that nobody knows yet.
        id = Anchor.decode(item).item
        if id is None or id.clock >= self.snapshot.state_vector().get(id.client, 0):
            reason = f"An item of {self._at(path)} is new in this same instruction."
            raise CannotDo("too_early", reason, "Do that in a second instruction.")
        return item

    def _holds(self, path: Path) -> bool:
        """Tell whether the numbers of a path name the items that they name in the snapshot."""
        return self.numbers.still_name(find_numbered_items(self.snapshot, path), self.working, path)

    def _check_numbers(self, path: Path) -> None:
        """Raise `CannotDo` where a number names another item than in the snapshot, as it does to the commit."""
        if not self._holds(path):
            reason = f"The items before {self._at(path)} have moved in this same instruction."
            raise CannotDo("too_early", reason, "Do that in a second instruction.")
        for at, key in enumerate(path):
            size = len(list_item_ids(self.snapshot, path[:at])) if isinstance(key, int) else 0
            if size and isinstance(key, int) and size <= key < len(list_item_ids(self.working, path[:at])):
                raise CannotDo(
                    "too_early",
                    f"{self._at(path)} is new in this same instruction.",
                    "Do that in a second instruction.",
                )

    def _expect(self, path: Path) -> Json:
        now = read_path(self.working, path)
        if now is ABSENT:
            raise CannotDo("not_found", f"There is nothing at {self._at(path)}.", self.known(path))
        return now

    def known(self, path: Path) -> str:
        """Name what stands beside a missing path."""
        for depth in range(len(path) - 1, -1, -1):
            beside = read_path(self.working, path[:depth])
            if isinstance(beside, dict):
                names = ", ".join(sorted(beside)[:12]) or "nothing yet"
                return f"{self._at(path[:depth])} holds: {names}."
        return ""

    def _turn_of_append(self, op: ListAdd) -> int:
        """Return which turn an addition at the end gets among the operations: before all others of its list.

        What is put behind one item comes out in the order of the words when the later one is put in first; and what was
        moved behind that item, or in its place, comes before what was added.
        """
        size, turn = len(op.path), 0
        for at, other in enumerate(self.ops):
            if isinstance(other, ValueOp) and other.path == op.path[: len(other.path)]:
                turn = at + 1
        id = Anchor.decode(op.after).item if op.after is not None else None
        # A list that was put there anew has none of the items of before: there each comes last.
        if turn and id not in list_item_ids(self.working, op.path):
            return len(self.ops)
        own = (
            at
            for at, other in enumerate(self.ops)
            if isinstance(other, ValueOp | ListOp) and other.path[:size] == op.path
        )
        return next((at for at in own if at >= turn), len(self.ops))

    def _do(self, op: Op, *, behind: str | None = None) -> None:
        """Keep an operation and carry it out on the working copy, so that later commands see it.

        There an added item comes `behind` one that the commit will have put in later.
        """
        assert op.doc == self.name, "operations are of their document"
        was = find_numbered_items(self.working, op.path) if isinstance(op, SetValue | Increment) else {}
        shown = msgspec.structs.replace(op, after=behind) if isinstance(op, ListAdd) and behind else op
        execute(self.working, [_on_now(shown, self.working)])
        if isinstance(op, SetValue | Increment):
            self.numbers.note_written(op.path, was, self.working)
        self.ops.append(op)

    def _old(self, path: Path) -> str:
        """Return the hash of what stood at a path in the snapshot: that is what the commit verifies."""
        return hash_of_value(self.snapshot, path)

    def _at(self, path: Path) -> str:
        return f"{self.name}.{dotted(path)}" if path else self.name


def _on_now(op: Op, working: Document) -> Op:
    """Return the operation with the working copy's own old value: earlier commands may have changed it."""
    if isinstance(op, SetValue):
        return SetValue(op.doc, op.path, op.value, hash_of_value(working, op.path))
    if isinstance(op, DeleteValue):
        return DeleteValue(op.doc, op.path, hash_of_value(working, op.path))
    return op
