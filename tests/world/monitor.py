"""The invariants of semantics §8, checked at every record that reaches the disk, from what people truly knew and did.

Nothing of the sequencer's guards is used: deeds are carried out on plain values, knowledge is what each person's
screen had shown, bytes and states are checked by replaying the log as it grows.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from crdt.digest import canonical
from tests.world.deeds import (
    CELLS,
    LINES,
    Deed,
    State,
    carry_out,
    do_oppose,
    is_done,
    overwrites,
    read_deeds,
    stays,
    unmet,
    without_appended,
)
from tests.world.facts import Known, Sent, Violation, Writer, said
from tests.world.halt import Halt
from tests.world.kept import Kept, look_at_disk
from tests.world.law import Allowed
from tests.world.papers import Papers
from tests.world.post import Post
from workspace.intents.model.record import Row
from workspace.intents.state.replay import Replay, start_replay
from workspace.ports import Batch, JournalRow

WORD = re.compile(r"h\d+")
RANKS = {"owner": 3, "editor": 2, "commenter": 1}


@dataclass(slots=True)
class Monitor:
    """Follows the disk. `limit` is the bound of the declared rule over the sum of all cells."""

    limit: float
    sent: dict[tuple[str, int], list[Sent]] = field(default_factory=dict)
    claims: int = 0
    rows: list[Row] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    replay: Replay = field(default_factory=lambda: start_replay(()))
    intents: dict[str, Known] = field(default_factory=dict)
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)
    decided: dict[frozenset[str], list[dict[str, Any]]] = field(default_factory=dict)
    decisions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    committed: list[tuple[Known, list[Deed]]] = field(default_factory=list)
    writers: dict[str, Writer] = field(default_factory=dict)
    states: list[tuple[int, State]] = field(default_factory=list)
    spans: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)
    made: dict[str, set[str]] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)
    post: Post = field(default_factory=Post)
    halt: Halt = field(default_factory=Halt)
    papers: Papers = field(default_factory=Papers)
    carried_out: dict[str, Known] = field(default_factory=dict)
    allowed: Allowed = field(default_factory=Allowed)
    clock: Callable[[], float] = lambda: 0.0
    ends: dict[str, int] = field(default_factory=dict)
    approved: dict[str, tuple[str, str]] = field(default_factory=dict)

    def written(self, batch: Batch) -> None:
        """Look at a batch that has just become durable."""
        if batch.epoch != self.claims:
            raise Violation("I14", f"a batch of epoch {batch.epoch} was written in epoch {self.claims}")
        index = self.replay.index
        for edit in batch.journal:
            if edit.jid != len(self.journal) + 1:
                raise Violation("I1", f"journal row {edit.jid} follows {len(self.journal)}")
            self.journal.append(edit)
            self.kept.journaled(edit)
            index.rows[edit.jid] = edit
            index.by_lane.setdefault((edit.doc, edit.lane), []).append(edit.jid)
        for row in batch.rows:
            self._chain(row)
            self._record(row)
            self.kept.entered(row.seq)
        kinds = {doc: document.kind for doc, document in self.replay.fold.documents.items()}
        for kept in batch.snapshots:
            self.kept.snapshot(kept, kinds[kept.doc])
        for row in batch.rows:
            if row.kind == "checkpoint":
                self.kept.point(row.seq, msgspec.json.decode(row.body), kinds, self.rows)

    def crashed(self, log: list[Row], journal: list[JournalRow]) -> None:
        """I11: look at the disk that a server has left behind."""
        look_at_disk(log, journal, self.replay.fold.documents, written=len(self.rows))

    def _chain(self, row: Row) -> None:
        last = self.rows[-1] if self.rows else None
        body = sha256(row.body.encode()).hexdigest()
        head = {"seq": row.seq, "epoch": row.epoch, "kind": row.kind, "at": row.at, "actor": row.actor}
        link = sha256(row.prev.encode() + canonical({**head, "body": f"sha256:{body}"})).hexdigest()
        is_next = row.seq == len(self.rows) + 1 and row.prev == (last.hash if last else "")
        if not is_next or row.hash != f"sha256:{link}" or (last is not None and row.epoch < last.epoch):
            raise Violation("I1", f"record {row.seq} does not follow")
        self.rows.append(row)

    def _record(self, row: Row) -> None:
        body = msgspec.json.decode(row.body)
        self.halt.look(row, body, self.intents, self.clock())
        self.allowed.look(row, body, self.intents, self.plans)
        before = self._state()
        if row.kind == "commit":
            self._before_commit(row.seq, body, before)
        docs = [body["doc"]] if row.kind == "update" else list(body["docs"]) if row.kind == "commit" else []
        self.papers.written(row.seq, docs)
        self.replay.step(row)
        self._acts(row, body)
        after = self._state() if row.kind in ("commit", "update") else before
        self._spans(row.kind, body)
        match row.kind:
            case "intent":
                self._intent(row, body)
            case "plan":
                self.plans[body["plan"]] = {**body, "snapshot": self._made_at(body)}
                if body.get("serves") is not None:
                    known = self.intents[body["intents"][0]]
                    known.steers = [id for id in known.steers if id in body["serves"]]
            case "oracle":
                self._oracle(body)
            case "decision":
                self._decision(body)
            case "verdict":
                self._verdict(row.seq, body)
            case "effect":
                self.post.ended(body)
            case "commit":
                self._after_commit(row, body, before, after)
            case _:
                pass
        if after is not before:
            self._note_writers(row, body, before, after)
            self.states.append((row.seq, after))

    def _acts(self, row: Row, body: dict[str, Any]) -> None:
        """I43: what becomes of documents as a whole is somebody's to do, and takes nothing of them."""
        if row.kind == "commit":
            self.carried_out[body["commit"]] = self.intents[body["intents"][0]]
        elif row.kind == "config":
            self.papers.acted(row, body, self.intents, self.carried_out, self.allowed.role_in)
            self.papers.look(self.replay.fold, [act["doc"] for act in body.get("acts", ())])

    def _state(self) -> State:
        documents = self.replay.fold.documents
        if LINES not in documents:
            return State({}, [""])
        cells = documents[CELLS].value()
        assert isinstance(cells, dict), "a data document is a map"
        return State(
            {key: value for key, value in cells.items() if isinstance(value, int)}, documents[LINES].text().split("\n")
        )

    def state_at(self, seq: int) -> State:
        """Return the documents as they were after record `seq`."""
        at = bisect_right(self.states, seq, key=lambda pair: pair[0]) - 1
        return self.states[at][1] if at >= 0 else State({}, [""])

    # ------------------------------------------------------------ records

    def _intent(self, row: Row, body: dict[str, Any]) -> None:
        wanted = said(body)
        frames = self.sent.get((body["lane"], body["n"]), [])
        truth = next((sent for sent in reversed(frames) if said(sent.frame) == wanted), None)
        if truth is None:
            raise Violation("I3", f"intent {body['id']} was never sent so: {wanted}")
        if any(known.body["lane"] == body["lane"] and known.body["n"] == body["n"] for known in self.intents.values()):
            raise Violation("I5", f"the dot ({body['lane']}, {body['n']}) is in the log twice")
        retired = self.replay.fold.board.lanes.retired
        vc = {lane: count for lane, count in body["vc"].items() if lane not in retired}
        true = {lane: count for lane, count in truth.clock.items() if lane not in retired}
        if truth.frame["seen"] == truth.noticed and vc != true:
            raise Violation("I2", f"{body['id']}: derived clock {vc}, the author's own {true}")
        self.intents[body["id"]] = Known(body["id"], row.seq, row.actor, body, truth)

    def _oracle(self, body: dict[str, Any]) -> None:
        if body["oracle"] == "steered":
            self.intents[body["intent"]].steers.append(body["source"])
        elif body["oracle"] == "carries":
            self.intents[body["intent"]].carried = body["reason"]

    def _decision(self, body: dict[str, Any]) -> None:
        for id in body["group"]:
            self.decisions.setdefault(id, []).append(body)
            for other in body["group"]:
                if other != id:
                    self._pair(frozenset((id, other)), body)

    def _pair(self, pair: frozenset[str], body: dict[str, Any]) -> None:
        """Two were decided about, or are asked about; a question that was taken back decided nothing."""
        if body["policy"] != "changed@1":
            self.decided.setdefault(pair, []).append(body)
            return
        left = [one for one in self.decided.pop(pair, []) if one.get("question", {}).get("id") != body["of"]]
        if left:
            self.decided[pair] = left

    def _verdict(self, seq: int, body: dict[str, Any]) -> None:
        known = self.intents[body["intent"]]
        if known.verdict:
            raise Violation("I4", f"{known.id} ended {known.verdict} and then {body['state']}")
        known.verdict, self.ends[known.id] = body["state"], seq
        by = self.intents.get(body.get("by", ""))
        if by is not None and body["state"] in ("cancelled", "superseded") and by.actor != known.actor:
            ranks = [RANKS[one.body["role"]] for one in (by, known)]
            if ranks[0] < ranks[1] + (body["state"] == "cancelled"):
                raise Violation("rights", f"{by.actor} may not end {known.id} of {known.actor}: {body['state']}")
        if body["code"] == "expectation" and not unmet(self._origin(known).body, self._state()):
            raise Violation("expects", f"{known.id} is refused for what is as it was expected")
        is_done = known.commits or self._was_done_for(known, body)
        if body["state"] in ("done", "merged") and known.body["kind"] not in ("answer", "cancel") and not is_done:
            raise Violation("I4", f"{known.id} is {body['state']} without a commit")

    def _was_done_for(self, known: Known, body: dict[str, Any]) -> bool:
        """Tell whether what somebody approved is in the documents already, for somebody else who approved it."""
        winner = self.intents.get(body.get("winner", ""))
        is_same = winner is not None and self._origin(winner) is self._origin(known)
        return known.body["kind"] == "approve" and is_same and winner is not None and winner.commits > 0

    def _spans(self, kind: str, body: dict[str, Any]) -> None:
        parts = {body["doc"]: body} if kind == "update" else body["docs"] if kind == "commit" else {}
        for doc, part in parts.items():
            for client, start, end in part["ins"]:
                held = self.spans.setdefault((doc, client), [])
                if any(start < high and low < end for low, high in held):
                    raise Violation("I16", f"{doc}: ids {client}:{start}-{end} were given out twice")
                held.append((start, end))

    def _note_writers(self, row: Row, body: dict[str, Any], before: State, after: State) -> None:
        writer = Writer(row.seq, row.actor, tuple(body.get("intents", ())))
        for key in before.cells.keys() | after.cells.keys():
            if before.cells.get(key) != after.cells.get(key):
                self.writers[key] = writer
        old = set(before.lines)
        more = Counter(line.split("+")[0] for line in after.lines)
        more.subtract(line.split("+")[0] for line in before.lines)
        self.undone.update({word: "" for word, count in more.items() if count > 0 and word in self.ever})
        self.ever |= set(more)
        for line in after.lines:
            if line not in old and row.kind == "update":
                self.typed |= {word for word in [line.split("+")[0]] if WORD.fullmatch(word)}
            if line not in old and (row.kind != "update" or body["ins"]):
                self.writers[f"line {line}"] = writer

    # ------------------------------------------------------------ commits

    def _before_commit(self, seq: int, body: dict[str, Any], before: State) -> None:
        known = self.intents[body["intents"][0]]
        for id in body["intents"]:
            one = self.intents[id]
            one.commits += 1
            one.commit_seq = seq
            if one.commits > 1:
                raise Violation("I5", f"{id} was committed twice")
            if one.verdict:
                raise Violation("I4", f"{id} was committed after it had ended {one.verdict}")
        for id in body["intents"]:
            self._arrived(self.intents[id], before)
        if self._origin(known).body["kind"] == "undo" or self.plans[body["plan"]]["planner"] == "branch@1":
            return
        self._asked_once(known, body["commit"])
        for id in {self._origin(self.intents[id]).id for id in body["intents"]}:
            if wrong := unmet(self.intents[id].body, before):
                raise Violation("expects", f"{known.id} runs though {id} expects otherwise: {wrong}, it is {before}")
        unserved = set(body["intents"][1:]) - set(known.steers)
        if unserved:
            raise Violation("served", f"{known.id} is done for {sorted(unserved)}, which its plan does not carry out")
        deeds = self.deeds_of(known)
        self._fenced(known, deeds)
        self._fresh(known, body, deeds, before)
        writing = [deed for deed in deeds if not stays(deed, before, self._planned_on(body))]
        self._settled(known, writing)
        self._humans(known, writing, self._planned_on(body))

    def _fenced(self, known: Known, deeds: list[Deed]) -> None:
        """Nothing is written outside of where people pointed, unless somebody was asked and said so."""
        origin = self._origin(known)
        scopes = [
            one.body.get("scope") for one in (origin, *(self.intents[id] for id in {*known.steers, *origin.steers}))
        ]
        if scopes[0] is None:
            return
        parts = [part for scope in scopes for part in scope or ()]
        for deed in (deed for deed in deeds if deed.name != "act"):
            doc, path = ("budget", [deed.key]) if deed.key else ("plan", None)
            own = [part for part in parts if part["doc"] == doc]
            if any(not part.get("keys") or path in part["keys"] for part in own):
                continue
            asked = [
                one for id in {known.id, origin.id} for one in self.decisions.get(id, []) if one["layer"] == "scope"
            ]
            if not any(known is not origin or one["outcome"].get(known.id) == "run" for one in asked):
                raise Violation("scope", f"{known.id} writes {doc} {path}, outside of where it points, unasked")

    def _asked_once(self, known: Known, commit: str) -> None:
        """I5: what was suggested once runs once, however many people approve it, unless it was taken back."""
        if known.body["kind"] == "approve":
            target = known.body["refs"][0]
            id, _ = self.approved.setdefault(target, (known.id, commit))
            if id != known.id:
                raise Violation("I5", f"{target} runs for {id} and again for {known.id}")

    def _made_at(self, plan: dict[str, Any]) -> int:
        """Return the record a plan was made on: whoever approves a variant runs the very plan that was shown."""
        known = self.intents[plan["intents"][0]]
        about = known.body["refs"][0] if known.body["kind"] == "approve" else ""
        # One that was made anew may do the same, on what it read anew.
        same = (plan["ops"], plan["reads"])
        shown = [old for old in self.plans.values() if old["intents"] == [about] and (old["ops"], old["reads"]) == same]
        return int(shown[-1]["snapshot"]) if shown else int(plan["snapshot"])

    def _planned_on(self, body: dict[str, Any]) -> State:
        return self.state_at(self.plans[body["plan"]]["snapshot"])

    def deeds_of(self, known: Known) -> list[Deed]:
        """Return what an intent was to do: its own words, those it approves, those that joined it."""
        text = known.carried
        origin = known
        while not text and origin.body["kind"] == "approve":
            origin = self.intents[origin.body["refs"][0]]
            text = origin.carried
        texts = [text or origin.body["text"]]
        if not text:
            texts += [self.intents[id].body["text"] for id in known.steers if self.intents[id].commits]
            # What was committed with a variant is part of it, and of what picks it.
            beside = [self.intents[id] for id in origin.steers if origin is not known]
            texts += [one.body["text"] for one in beside if one.commits and one.commit_seq == origin.commit_seq]
        return [deed for text in texts for deed in read_deeds(text)]

    def _arrived(self, known: Known, before: State) -> None:
        """I6: everything the author had typed before sending is in the documents."""
        documents, truth = self.replay.fold.documents, known.truth
        for doc, (client, clock) in truth.own.items():
            # What its author knew to be put away it does not depend on; nobody sends edits to what is.
            if self.papers.is_away(doc) or doc not in known.body.get("needs", truth.own):
                continue
            if documents[doc].state_vector().get(client, 0) < clock:
                raise Violation("I6", f"{known.id} runs without its author's edits in {doc}")
        back = truth.removed & {line.split("+")[0] for line in before.lines} - set(self.undone)
        # Nor on what was cut in it meanwhile.
        if back and LINES in known.body.get("needs", truth.own):
            raise Violation("I6", f"{known.id} runs on lines that its author had cut: {sorted(back)}")

    def _fresh(self, known: Known, body: dict[str, Any], deeds: list[Deed], before: State) -> None:
        """I7: what the plan read and replaced is what stood there when it was planned."""
        snapshot = self._planned_on(body)
        for deed in deeds:
            for key in {deed.of, overwrites(deed)} - {""}:
                if snapshot.cells.get(key) != before.cells.get(key) and not stays(deed, before, snapshot):
                    raise Violation("I7", f"{known.id} was planned on another {key}")

    def _settled(self, known: Known, deeds: list[Deed]) -> None:
        """I8: whoever is concurrent with this and pulls against it has been decided about before."""
        for other, _ in self.committed:
            if not self._are_concurrent(known, other) or frozenset((known.id, other.id)) in self.decided:
                continue
            if self._root(known) == self._root(other):
                continue
            for deed in deeds:
                key = overwrites(deed)
                writer = self.writers.get(key) if key else None
                if writer is not None and other.id in writer.intents:
                    raise Violation("I8", f"{known.id} overwrites {key} of {other.id} in silence")
            if self._do_oppose(known, other):
                raise Violation("I8", f"{known.id} and {other.id} have opposite goals, both run, nobody was asked")
        self.committed.append((known, deeds))

    def _do_oppose(self, known: Known, other: Known) -> bool:
        kinds = ("do", "override")
        if known.body["kind"] not in kinds or other.body["kind"] not in kinds or known.steers or other.steers:
            return False
        return do_oppose(known.body["text"], other.body["text"])

    def _root(self, known: Known) -> str:
        return self._origin(known).id

    def _origin(self, known: Known) -> Known:
        while known.body["kind"] == "approve":
            known = self.intents[known.body["refs"][0]]
        return known

    def _are_concurrent(self, one: Known, other: Known) -> bool:
        """Tell it from what the authors had truly noticed, not from their stamps."""
        knew = one.seq <= other.truth.noticed or other.seq <= one.truth.noticed
        return not knew and one.body["lane"] != other.body["lane"]

    def _humans(self, known: Known, deeds: list[Deed], planned: State) -> None:
        """I9: nothing that somebody typed unseen by the author is overwritten, unless it is flagged."""
        allowed = {
            edit[0]
            for decision in self.decisions.get(known.id, ())
            if decision["layer"] == "E" and decision["outcome"].get(known.id) == "run"
            for edit in decision["evidence"]["edits"]
        }
        places = [overwrites(deed) for deed in deeds]
        for deed in deeds:
            if deed.name in ("rewrite", "remove"):
                places += [f"line {line}" for line in planned.lines if line.split("+")[0] == deed.line and "+" in line]
        for place in filter(None, places):
            writer = self.writers.get(place)
            if writer is None or writer.intents or writer.seq <= max(allowed, default=0):
                continue
            if place in known.truth.emptied and place not in planned.cells:
                continue  # its author had emptied it too, by hand: whose removal was last shows in no value
            past = known.seq if writer.actor == known.actor else known.truth.noticed
            if writer.seq > past:
                raise Violation("I9", f"{known.id} overwrites {place}, typed by {writer.actor} at {writer.seq}, unseen")

    def _after_commit(self, row: Row, body: dict[str, Any], before: State, after: State) -> None:
        known = self.intents[body["intents"][0]]
        is_deed = self._origin(known).body["kind"] != "undo" and self.plans[body["plan"]]["planner"] != "branch@1"
        words = [deed.send for deed in self.deeds_of(known) if deed.send] if is_deed else []
        self.post.committed(row, body, words, self.decisions.get(known.id, []))
        self.made[body["commit"]] = set(after.lines) - set(before.lines)
        if self._origin(known).body["kind"] == "undo":
            self._undo(self._origin(known), before, after)
        elif self.plans[body["plan"]]["planner"] == "branch@1":
            if before != after:
                raise Violation("I8", f"{known.id} was branched and changed what all share")
        else:
            planned = self._planned_on(body)
            rest = without_appended(after, self.deeds_of(known))
            expected: State | None = before
            for deed in self.deeds_of(known):
                expected = carry_out(deed, expected, planned) if expected is not None else None
            if not any(is_done(self.deeds_of(known), before, one, planned, expected) for one in rest):
                raise Violation("I7", f"{known.id} did not do what was asked: {before} -> {after}, not {expected}")
        total = [sum(state.cells.values()) for state in (before, after)]
        if total[0] <= self.limit < total[1]:
            raise Violation("I10", f"{known.id} breaks the rule: {total[0]} -> {total[1]}")

    def _undo(self, known: Known, before: State, after: State) -> None:
        """I15: what people typed stays; a cell that somebody else has set since stays."""
        commit = known.body["refs"][0]
        self.approved = {target: done for target, done in self.approved.items() if done[1] != commit}
        typed = {line.split("+")[0] for line in before.lines} & self.typed
        made, text = self.made[commit], "\n".join(after.lines)
        gone = {word for word in typed if word not in text} - {line.split("+")[0] for line in made}
        marks = [sum(line.count("+") for line in state.lines) for state in (before, after)]
        if gone or marks[1] < marks[0] - sum(line.count("+") for line in made):
            raise Violation(
                "I15", f"undoing {commit} took what people typed: {sorted(gone)}: {before.lines} -> {after.lines}"
            )
        for line in after.lines:
            self.undone[line.split("+")[0]] = known.id
        theirs = {key for key in before.cells if before.cells.get(key) != after.cells.get(key)}
        for key in theirs:
            writer = self.writers.get(key)
            if writer is not None and not writer.intents:
                raise Violation("I15", f"undoing {commit} took {key}, which {writer.actor} had set")
