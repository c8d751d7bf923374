"""What people are told of an undo before it is done: what stays and whose it is, what comes back, how it then reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crdt.documents.anchor import Anchor, find_ids_of_range, place_anchors, resolve_anchor
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, dotted
from crdt.errors import CrdtError
from crdt.undo.hunks import Rival
from crdt.undo.undo import Reset, Undo
from workspace.intents.model.plan import QUESTION_POINTS_MAX
from workspace.intents.model.wording import brief
from workspace.intents.state.history import Edit
from workspace.workers.undo_surroundings import Surroundings

SUMMARY_POINTS_SHOWN, WORDS_POINTS_SHOWN, RIVAL_POINTS_SHOWN, NAME_POINTS_SHOWN = 100, 80, 30, 40
STAYS_SHOWN, STAY_POINTS_MAX, COMMITS_SHOWN = 6, 110, 3
READ_POINTS = 40


@dataclass(slots=True)
class UndoPreview:
    """What an undo leaves and brings back, in words: `lost` is not taken back, `beside` stays with what others wrote.

    `place` is where in a text it would be seen: the document, and an anchor in it.
    """

    around: Surroundings
    lost: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    backs: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    place: tuple[str, Anchor] | None = None

    @property
    def stays(self) -> list[str]:
        """What stays, words of others first."""
        return [*self.beside, *self.lost]

    @property
    def remedy(self) -> str:
        """What may be done where others have replaced everything."""
        newest = [name for seq in sorted(set(self.first), reverse=True) if (name := self.around.name(seq))]
        return f"Take {' and then '.join(newest[:COMMITS_SHOWN])} back first." if newest else ""

    def take(self, doc: str, now: Document, undo: Undo) -> None:
        """Put into words what was found in one document."""
        text = now.text() if now.kind == "text" else ""
        for start, end in undo.inside:
            words = shortened(text[start:end], WORDS_POINTS_SHOWN)
            self.beside.append(f"“{words}” in {doc}, typed inside it{self._whose(doc, now, start, end)}")
        for start, end in undo.grown:
            words = shortened(text[start:end], WORDS_POINTS_SHOWN)
            self.beside.append(f"“{words}” in {doc}, beside it{self._whose(doc, now, start, end)}")
        for rival in undo.replaced:
            self.lost.append(self._replaced(doc, now, text, rival))
            self.first.append(rival.seq)
        for words, seq in undo.taken:
            names = _names(self._actors(doc, [seq]))
            self.lost.append(f"“{shortened(words, RIVAL_POINTS_SHOWN)}” in {doc} has been taken out since{names}")
        for one in undo.emptied:
            self.backs.append(self._emptied(doc, one.words, one.back, one.seqs))
        for one in undo.orphans:
            shown, commit = shortened(one.back, RIVAL_POINTS_SHOWN), self.around.name(one.seqs[0])
            self.backs.append(f"“{shown}” in {doc}, of {commit}, which has been taken back")
        for reset in undo.reset:
            self._reset(doc, reset)
        self.lost += undo.lost
        places = [start for start, _ in (*undo.inside, *undo.grown)]
        places += [one.at for one in (*undo.emptied, *undo.orphans)] + [
            rival.at[0] for rival in undo.replaced if any(rival.at)
        ]
        if places and self.place is None and now.kind == "text":
            self.place = doc, place_anchors(now, [(min(places), -1)])[0]

    def reading(self, results: Mapping[str, Document]) -> str:
        """Return how the text reads then, at the first place that people are asked about."""
        if self.place is None or self.place[0] not in results:
            return ""
        doc, anchor = self.place
        try:
            text, at = results[doc].text(), resolve_anchor(results[doc], anchor)
        except CrdtError:
            return ""
        low, high = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        high = len(text) if high < 0 else high
        start, end = max(low, at - READ_POINTS), min(high, at + READ_POINTS)
        shown = f"{'…' if start > low else ''}{text[start:end]}{'…' if end < high else ''}"
        return f"Then it reads “{shown}” in {shortened(doc, NAME_POINTS_SHOWN)}. "

    def _replaced(self, doc: str, now: Document, text: str, rival: Rival) -> str:
        start, end = rival.at
        words, by = (shortened(part, RIVAL_POINTS_SHOWN) for part in (rival.words, text[start:end]))
        if not by:
            return f"“{words}” in {doc} has been rewritten since{_since(self._actors(doc, [rival.seq]))}"
        actors = self._writers(doc, now, start, end) or self._actors(doc, [rival.seq])
        if rival.is_beside:
            return f"“{by}” in {doc}, written together with “{words}”, has been put back since{_since(actors)}"
        return f"“{words}” in {doc} has been replaced by “{by}” since{_since(actors)}"

    def _reset(self, doc: str, reset: Reset) -> None:
        """Say who has set a value since, and to what; what an instruction has set can be taken back first."""
        ranges: dict[int, list[tuple[int, int]]] = {}
        for client, first, last in reset.ids:
            ranges.setdefault(client, []).append((first, last))
        edits = list(self.around.whole.history.writers(doc, ranges))
        what = "removed" if reset.value is ABSENT else f"set to {shortened(brief(reset.value), RIVAL_POINTS_SHOWN)}"
        self.lost.append(f"{doc}.{dotted(reset.path)} has been {what} since{_since(self._people(edits))}")
        self.first += [edit.seq for edit in edits if edit.intents]

    def _emptied(self, doc: str, words: str, back: str, seqs: Sequence[int]) -> str:
        actors = self._actors(doc, seqs)
        who = f"{' and '.join(actors)} {'has' if len(actors) == 1 else 'have'}" if actors else "somebody has"
        shown, gone = (shortened(part, RIVAL_POINTS_SHOWN) for part in (back, words))
        return f"“{shown}” in {doc}, where {who} taken “{gone}” out since"

    def _whose(self, doc: str, now: Document, start: int, end: int) -> str:
        return _names(self._writers(doc, now, start, end))

    def _writers(self, doc: str, now: Document, start: int, end: int) -> list[str]:
        ranges: dict[int, list[tuple[int, int]]] = {}
        for client, first, last in find_ids_of_range(now, start, min(end, start + WORDS_POINTS_SHOWN)):
            ranges.setdefault(client, []).append((first, last))
        return self._people(self.around.whole.history.writers(doc, ranges))

    def _actors(self, doc: str, seqs: Iterable[int]) -> list[str]:
        return self._people(edit for seq in seqs if (edit := self.around.edit(doc, seq)) is not None)

    def _people(self, edits: Iterable[Edit]) -> list[str]:
        entries = self.around.whole.board.entries
        return sorted({name for edit in edits for name in ([entries[id].actor for id in edit.intents] or [edit.actor])})


def _names(actors: Sequence[str]) -> str:
    return f" by {' and '.join(actors)}" if actors else ""


def _since(actors: Sequence[str]) -> str:
    return f",{_names(actors)}" if actors else ""


def question_of(summary: str, stays: Sequence[str], backs: Sequence[str] = (), reading: str = "") -> str:
    """Return in words what an undo would leave and bring back, short enough to be asked."""
    notes = [*((True, back) for back in backs), *((False, stay) for stay in stays)]
    shown = [(is_back, shortened(note, STAY_POINTS_MAX)) for is_back, note in notes[:STAYS_SHOWN]]
    more = [f"and {len(notes) - STAYS_SHOWN} more"] if len(notes) > STAYS_SHOWN else []
    coming = [note for is_back, note in shown if is_back]
    staying = [note for is_back, note in shown if not is_back]
    (staying if staying else coming).extend(more)
    text = f"Takes back “{shortened(summary.rstrip('.'), SUMMARY_POINTS_SHOWN)}”. "
    text += f"Comes back: {'; '.join(coming)}. " if coming else ""
    text += reading
    text += f"Stays: {'; '.join(staying)}. " if staying else ""
    text += "Do it?"
    assert len(text) <= QUESTION_POINTS_MAX, "a question that is cut could not be known again"
    return text


def shortened(text: str, points: int) -> str:
    """Return a text of at most that many characters."""
    return text if len(text) <= points else text[: points - 1] + "…"
