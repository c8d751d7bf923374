"""Was every commit allowed? The causal gate's conditions, checked again from the log alone (semantics §5, §6, §8).

An auditor follows a fold and looks at each record on the state before it. It stands on the definitions (what a stamp
knew, whether two plans commute, who wrote an id) and on nothing of the sequencer's flow, of what it remembered or
skipped: a guard that does not run is noticed here. No clock, no network, no oracle.

What a redaction has taken out of a plan cannot be carried out again: of such a commit everything else is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from crdt.digest import Json, canonical
from crdt.documents.backing import EMPTY_UPDATE
from crdt.errors import CrdtError
from crdt.operations.execute import Executed
from crdt.operations.fork import find_weakly_changed
from crdt.operations.ops import is_relative
from crdt.updates.scan import normalise_ranges
from workspace.errors import Refusal
from workspace.intents.audit import document_breaches, right_breaches
from workspace.intents.audit.claims import false_claims
from workspace.intents.audit.conditions import Condition
from workspace.intents.audit.decision_review import Review
from workspace.intents.audit.precedence import Watch, are_decided, knew, unseen_by
from workspace.intents.audit.stop_breaches import CONDITION, defiance
from workspace.intents.model.bodies import (
    CheckpointBody,
    CommitBody,
    ConfigBody,
    IntentBody,
    OracleBody,
    OracleKinds,
    PlanBody,
    UpdateBody,
    VerdictBody,
)
from workspace.intents.model.document_acts import words_of_act
from workspace.intents.model.effects import digest_of
from workspace.intents.model.intent import RUNNING_KINDS, Kinds, States
from workspace.intents.model.invariant import broken
from workspace.intents.model.oracle import OPPOSING
from workspace.intents.model.policies import Fates
from workspace.intents.model.record import BLANKED, Record, sha_of
from workspace.intents.rules.consent import allowed_over, approved
from workspace.intents.rules.document_acts import acts_of
from workspace.intents.rules.fence import allowed, outside
from workspace.intents.rules.gate import docs_of, read_need, try_plan, unmet_expectation
from workspace.intents.rules.groups import beside
from workspace.intents.rules.permissions import may_cancel, may_replace
from workspace.intents.rules.places import short_of
from workspace.intents.rules.readback import Readings
from workspace.intents.state.board import VARIANT_PLANNER, Entry
from workspace.intents.state.fold import WorkspaceState

SCRATCH_CLIENT = 4
BREACHES_MAX = 100
COMMITTED_STATES = frozenset({States.DONE, States.MERGED, States.BRANCHED})


class Breach(msgspec.Struct, frozen=True):
    """A record that should not be: its `seq`, the condition of semantics §5 or §8 that it breaks, and how."""

    seq: int
    condition: Condition
    reason: str


@dataclass(slots=True)
class Auditor:
    """Follows a fold: `before` each record is entered and `after`. `breaches` are at most a hundred."""

    fold: WorkspaceState
    breaches: list[Breach] = field(default_factory=list)
    _review: Review = field(init=False)
    _watch: Watch = field(init=False)
    _opposed: dict[str, set[str]] = field(default_factory=dict)
    _unsaid: dict[str, int] = field(default_factory=dict)
    _blanked: set[str] = field(default_factory=set)
    _expected: dict[str, Json] = field(default_factory=dict)
    _broken: frozenset[str] = frozenset()
    _readings: Readings = field(default_factory=Readings)

    def __post_init__(self) -> None:
        self._review = Review(self.fold)
        self._watch = Watch(self.fold)

    def before(self, record: Record) -> None:
        """Look at a record that has not been entered yet."""
        assert record.seq == self.fold.seq + 1, "a record is looked at on the state before it"
        try:
            self._decisions(record)
            self._look(record)
            if against := defiance(record, self.fold):
                self._note(record.seq, CONDITION, against)
            if against := document_breaches.breach(record, self.fold):
                self._note(record.seq, document_breaches.CONDITION, against)
            if against := right_breaches.breach(record, self.fold):
                self._note(record.seq, right_breaches.CONDITION, against)
        # An assert of a rule that fails on a log is the log's fault, as in a replay: no sequencer has written that.
        except (KeyError, ValueError, IndexError, AssertionError, CrdtError) as error:
            self._note(record.seq, "I4", f"it names what is not in the log: {error}")

    def after(self, record: Record) -> None:
        """Look at what the documents are now."""
        assert record.seq == self.fold.seq, "what the documents are is looked at with the record in them"
        match record.body:
            case UpdateBody() as body:
                self._watch.changed({body.doc})
            case ConfigBody() as body if body.receivers is not None:
                self._watch.receivers_changed()
            case CommitBody() as body:
                self._watch.changed(set(body.docs))
                self._done(record)
            case _:
                pass

    def _done(self, record: Record) -> None:
        """Look at what a commit has made of the documents."""
        assert isinstance(record.body, CommitBody), "only commits make something of them"
        for doc, value in self._expected.items():
            document = self.fold.documents.get(doc)
            if document is None or canonical(document.value()) != canonical(value):
                self._note(record.seq, "C4/I7", f"{doc} is not what the plan {record.body.plan} makes of it")
        wrong = self._readings.unlike(self.fold.documents)
        if wrong:
            self._note(record.seq, "done", f"{record.body.commit} does not read as {record.body.plan} meant: {wrong}")
        for name, reason in broken(self.fold.invariants, self.fold.documents).items():
            if name not in self._broken:
                self._note(record.seq, "C5/I10", f"it breaks the rule {name}: {reason}")

    def _note(self, seq: int, condition: Condition, reason: str) -> None:
        if len(self.breaches) < BREACHES_MAX:
            self.breaches.append(Breach(seq, condition, reason))

    def _decisions(self, record: Record) -> None:
        unsound = len(self._review.unsound)
        found = self._review.look(record)
        for seq in self._review.unsound[unsound:]:
            self._note(seq, "I18", "its logged inputs are not those of the log")
        if found is not None:
            was, would = found.was or "a question", found.would or "a question"
            self._note(found.seq, "I18", f"{found.decision} was {was}, by the log it is {would}: {found.reason}")

    def _look(self, record: Record) -> None:
        match record.body:
            case CommitBody() as body:
                self._commit(record, body)
            case VerdictBody() as body:
                self._verdict(record.seq, body)
            case IntentBody() as body:
                self._ended()
                for condition, reason in false_claims(record, body, self.fold):
                    self._note(record.seq, condition, reason)
                if record.row.body.startswith(BLANKED):
                    self._blanked.add(body.id)
            case PlanBody() as body:
                if record.row.body.startswith(BLANKED):
                    self._blanked.add(body.plan)
                else:
                    self._watch.planned(record, body)
            case OracleBody() as body:
                if body.oracle in (OracleKinds.STEERED, OracleKinds.CARRIES):
                    self._watch.begun_again(body.intent, body.source)
                for judgement in body.judgements:
                    one, other = judgement.pair
                    if judgement.opinion in OPPOSING and judgement.pair not in self.fold.judged:
                        self._opposed.setdefault(one, set()).add(other)
                        self._opposed.setdefault(other, set()).add(one)
            case UpdateBody() | CheckpointBody():
                self._ended()
            case _:
                pass

    # ------------------------------------------------------------ clocks and verdicts

    def _ended_by(self, seq: int, entry: Entry, body: VerdictBody) -> None:
        """C5: who ended another's instruction may, or it was decided about."""
        by = self.fold.board.entries.get(body.by)
        may = {States.CANCELLED: may_cancel, States.SUPERSEDED: may_replace}.get(body.state)
        if by is None or may is None or may(self.fold, entry, actor=by.actor, role=by.role) or are_decided(entry, by):
            return
        self._note(seq, "C5", f"{by.actor} ({by.role}) had no right to end {entry.id}, which is {entry.actor}'s")

    def _verdict(self, seq: int, body: VerdictBody) -> None:
        """I4: one end each, and no other than what was done."""
        entry = self.fold.board.entries[body.intent]
        self._ended_by(seq, entry, body)
        if not self._readings.is_named(body, must_name=self.fold.is_read_back):
            self._note(seq, "done", f"it names for {body.intent} what was not done")
        self._unsaid.pop(body.intent, None)
        self._watch.ended(body.intent)
        if entry.verdict is not None:
            self._note(seq, "I4", f"{entry.id} has ended {entry.state} already")
        if entry.commit is not None and body.state not in COMMITTED_STATES:
            self._note(seq, "I4", f"{entry.id} was committed and ends {body.state}")
        by = self.fold.board.entries[body.winner] if body.state == States.MERGED and body.winner else entry
        is_done = body.state in (States.DONE, States.MERGED) and entry.body.kind in RUNNING_KINDS
        if is_done and entry.commit is None and by.commit is None:
            self._note(seq, "I4", f"{entry.id} ends {body.state} without a commit")

    def _ended(self) -> None:
        """I4: a commit's verdicts follow it at once, in its own transaction."""
        for intent, seq in self._unsaid.items():
            self._note(seq, "I4", f"{intent} was committed and got no verdict")
        self._unsaid.clear()

    # ------------------------------------------------------------ commits

    def _commit(self, record: Record, body: CommitBody) -> None:
        seq, fold, entries = record.seq, self.fold, [self.fold.board.entries[id] for id in body.intents]
        entry, self._expected = entries[0], {}
        self._readings.begin()
        self._broken = frozenset(broken(fold.invariants, fold.documents))
        for one in entries:
            self._pending(seq, one)
        self._unsaid.update((one.id, seq) for one in entries)
        if body.decisions != tuple(decision.decision for decision in entry.decisions):
            self._note(seq, "C3/I8", f"it does not name the decisions about {entry.id}")
        plan = entry.plan
        if plan is None or plan.plan != body.plan or body.intents[1:] != entry.steers:
            self._note(seq, "C4/I7", f"{body.plan} is not the last plan of {', '.join(body.intents)}")
            return
        # Decision 58: the plan is run again on the state before it; nothing of what the sequencer remembered is used.
        executed = self._fresh(seq, body, plan)
        if not self._has_lost(plan) and (body.weak_changed or ()) != find_weakly_changed(fold.documents, plan.reads):
            self._note(seq, "C4/I7", f"it does not name what changed of what {plan.plan} had seen in outline")
        if plan.planner == VARIANT_PLANNER:
            self._variant(seq, body, entry)
            return
        self._valid(seq, body, entry, plan)
        if entry.state == States.HELD:
            self._note(seq, "C3/I8", f"{entry.id} runs while people are asked about it")
        self._outruns(record, body, entry, plan)
        self._settled(seq, entry)
        self._overwrites(seq, body, entry, executed)

    def _pending(self, seq: int, entry: Entry) -> None:
        """I5, I4, C1: it was under way, for the first time, and what its author depends on had arrived."""
        if entry.commit is not None:
            self._note(seq, "I5", f"{entry.id} was committed before, by {entry.commit.commit}")
        elif not entry.is_live:
            self._note(seq, "I4", f"{entry.id} is committed after it ended {entry.state}")
        for doc, need in entry.body.needs.items():
            document = self.fold.documents.get(doc)
            known = document.state_vector() if document is not None else {}
            if document is None and (doc in self.fold.breaks or doc in self.fold.quarantined):
                continue
            if doc in self.fold.catalog.put_away:
                continue  # nobody's edits come there any more: who works elsewhere does not wait for them
            if any(known.get(client, 0) < clock for client, clock in read_need(need).items()):
                self._note(seq, "C1/I6", f"{entry.id} runs before its author's edits in {doc}")

    def _fresh(self, seq: int, body: CommitBody, plan: PlanBody) -> dict[str, Executed]:
        """C4: the plan still holds, by value; what it makes of the documents is compared afterwards.

        Returns what it did to each document.
        """
        if plan.plan in self._blanked or self._has_lost(plan):
            return _as_logged(body, plan)
        # Under the writer's own id the same operations give the same bytes (semantics F8): then no value need be read.
        writer = next((span[0] for part in body.docs.values() for span in part.inserted), SCRATCH_CLIENT)
        ran = try_plan(plan, self.fold.documents, client=writer)
        if isinstance(ran, Refusal):
            self._note(seq, "C4/I7", f"{plan.plan} does not hold any more: {ran.reason}")
            return _as_logged(body, plan)
        catalog, is_strict = self.fold.catalog, self.fold.is_strict
        self._readings.expect(body, plan, self.fold.documents, ran.documents, catalog=catalog, is_strict=is_strict)
        for doc, document in ran.documents.items():
            part, done = body.docs.get(doc), ran.executed.get(doc)
            if part is None or done is None or sha_of((done.update,)) != part.sha:
                self._expected[doc] = document.value()
        beside = sorted(body.docs.keys() - ran.documents.keys())
        if beside:
            self._note(seq, "C4/I7", f"it changes {', '.join(beside)}, which {plan.plan} does not")
        return ran.executed

    def _has_lost(self, plan: PlanBody) -> bool:
        """Tell whether a plan is about a document that cannot be rebuilt here: it cannot be carried out again."""
        return any(doc in self.fold.breaks for doc in docs_of(plan))

    def _variant(self, seq: int, body: CommitBody, entry: Entry) -> None:
        """A variant is written beside, by a decision, and changes nothing that all share."""
        shared = sorted(doc for doc in body.docs if doc in self.fold.documents)
        if shared:
            self._note(seq, "C3/I8", f"a variant changes {', '.join(shared)}")
        if not any(decision.outcome.get(entry.id) == Fates.BRANCH for decision in entry.decisions):
            self._note(seq, "C3/I8", f"nobody decided that {entry.id} is a variant")

    def _valid(self, seq: int, body: CommitBody, entry: Entry, plan: PlanBody) -> None:
        """C5: stated expectations hold, the author may edit, what cannot be taken back was approved."""
        subject = self.fold.board.subject_of(entry)
        unmet = unmet_expectation(subject.body.expects, self.fold.documents)
        if unmet is not None and subject.id not in self._blanked:
            where = "/".join(map(str, (unmet.doc, *unmet.path)))
            self._note(seq, "C5", f"{where} is not what {subject.id} expects")
        if short_of(self.fold, plan, actor=entry.actor, role=entry.role) is not None:
            self._note(seq, "C5", f"{entry.id} edits by the right of a {entry.role}, unapproved")
        beyond = set(outside(plan, entry, self.fold.board, self.fold.documents)) - allowed(entry, self.fold.board)
        if any(one.id in self._blanked for one in (entry, subject)):
            beyond -= {words_of_act(act) for act in acts_of(plan)}  # whether it named them nobody can read any more
        if beyond and self.fold.is_read_back and not self._has_lost(plan):
            reason = f"{entry.id} does more than was allowed where it does not point: {len(beyond)} things"
            self._note(seq, "scope", reason)
        if body.effects != plan.effects:
            self._note(seq, "C5", f"its effects are not those of {plan.plan}")
        is_final = any(effect.effect_class == "irreversible" for effect in plan.effects)
        if (
            is_final
            and plan.plan not in self._blanked
            and digest_of(plan.effects, self.fold.receivers) not in approved(entry)
        ):
            self._note(seq, "C5", f"nobody approved what {plan.plan} sends")

    # ------------------------------------------------------------ conflicts

    def _settled(self, seq: int, entry: Entry) -> None:
        """C3: what crosses the plan, or pulls against its goal, and is committed, was decided about."""
        entries = self.fold.board.entries
        for rival in self._watch.ended(entry.id):
            if not are_decided(entry, entries[rival]):
                self._note(seq, "C3/I8", f"{entry.id} and {rival} collide, both are done, nothing was decided")
        for id in sorted(self._opposed.get(entry.id, ())):
            other = entries[id]
            if other.commit is not None and not are_decided(entry, other):
                self._note(seq, "C3/I8", f"{entry.id} and {id} contradict each other, nothing was decided")
        self._picked(seq, entry)

    def _picked(self, seq: int, entry: Entry) -> None:
        """I5, C3: of the approvals of one suggestion one runs, and of variants side by side one is picked."""
        board, target = self.fold.board, entry.body.refs[0] if entry.body.kind == Kinds.APPROVE else ""
        for id in sorted(beside(board.entries[target]) | {target}) if target else ():
            for approval in board.approvals.get(id, ()):
                other = board.entries[approval]
                is_elsewhere = other.state == States.BRANCHED or bool(other.undone_by)
                if other is entry or other.commit is None or is_elsewhere or are_decided(entry, other):
                    continue
                if id == target:
                    self._note(seq, "I5", f"{entry.id} and {approval} both run what {target} suggested")
                else:
                    self._note(seq, "C3/I8", f"{entry.id} and {approval} pick two variants, nothing was decided")

    def _outruns(self, record: Record, body: CommitBody, entry: Entry, plan: PlanBody) -> None:
        """Hold the plan against those of everybody who is under way; C2: whom its author knew comes first."""
        if plan.plan in self._blanked:
            return
        for other in self._watch.committed(record, entry, plan, body.intents):
            reason = f"{entry.id} runs before {other.id}, which its author knew of and it depends on"
            self._note(record.seq, "C2", reason)

    def _overwrites(self, seq: int, body: CommitBody, entry: Entry, executed: dict[str, Executed]) -> None:
        """C3, I9, C2: whose work is deleted or overwritten, unseen and undecided."""
        board, history = self.fold.board, self.fold.history
        unseen = unseen_by(entry, executed, board, history)
        for rival in unseen.rivals:
            if not are_decided(entry, rival):
                self._note(seq, "C3/I8", f"{entry.id} overwrites what {rival.id} did, unseen; nothing was decided")
        flagged = allowed_over(entry)
        for edit in unseen.human:
            if edit.seq not in flagged:
                reason = f"{entry.id} overwrites what {edit.actor} typed in {edit.doc} ({edit.seq}), unseen"
                self._note(seq, "C3/I9", reason)
        # A commit stands for its first intent: what joined that one has taken its place, and knew what it knew.
        joined = [board.entries[id] for id in body.intents[1:]]
        later = {
            id
            for doc, part in executed.items()
            for edit in history.writers(doc, part.absolute_deleted)
            for id in edit.intents[:1]
            if id not in body.intents and knew(board.entries[id], entry)
            if not any(knew(one, board.entries[id]) for one in joined)
        }
        for id in sorted(later):
            if not are_decided(entry, board.entries[id]):
                self._note(seq, "C2", f"{entry.id} overwrites {id}, which waited for it by rights and ran before")


def _as_logged(body: CommitBody, plan: PlanBody) -> dict[str, Executed]:
    """Return what a commit deleted by its own word, where nothing of it was relative: that may meet anybody's."""
    relative = {op.doc for op in plan.ops if is_relative(op)}
    found: dict[str, Executed] = {}
    for doc, part in body.docs.items():
        if doc not in relative:
            spans: dict[int, list[tuple[int, int]]] = {}
            for client, start, end in part.deleted:
                spans.setdefault(client, []).append((start, end))
            deleted = {client: normalise_ranges(own) for client, own in spans.items()}
            found[doc] = Executed(EMPTY_UPDATE, {}, deleted, deleted)
    return found
