"""Admission of intents: refused with nothing logged, answered again, or entered into the log (semantics §1.2, §1.3).

What a frame claims is bounded before it is used. A claim the log can settle (a question closed meanwhile, a plan that
is through) is logged and gets its verdict, so that nobody's act disappears.
"""

from __future__ import annotations

import msgspec

from crdt.documents.anchor import Anchor
from crdt.errors import CrdtError
from workspace.errors import Refusal
from workspace.intents.model.bodies import Answer, CommitBody, VerdictBody, accepted, frame_sha
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.events import Acked, Nacked, Submitted
from workspace.intents.model.ids import QUESTION, intent_id, is_id, seq_of
from workspace.intents.model.intent import (
    PATH_DEPTH_MAX,
    QUOTE_POINTS_MAX,
    RUNNING_KINDS,
    IntentFrame,
    Kinds,
    Path,
    Scope,
    States,
    TerminalState,
)
from workspace.intents.rules.decision_words import answers_in_words
from workspace.intents.rules.document_acts import refuse_put_away
from workspace.intents.rules.gate import read_need, refuse_lost
from workspace.intents.rules.permissions import (
    may_answer,
    may_approve,
    may_ask,
    may_cancel,
    may_replace,
    may_undo,
    refuse_approval,
)
from workspace.intents.rules.places import refuse_instruct
from workspace.intents.rules.shares import refuse_instruction
from workspace.intents.rules.translation import frame_by_id
from workspace.intents.state.board import Entry
from workspace.intents.steps.accounting import over_budget
from workspace.intents.steps.kernel_state import KernelState, Progress
from workspace.intents.steps.planning import stop
from workspace.intents.steps.resolution import answered, ask_consent
from workspace.intents.steps.steering import steer
from workspace.intents.steps.turn import AGENT, Turn

NEEDS_TEXT = frozenset({Kinds.DO, Kinds.OVERRIDE})
NEEDS_REFS = frozenset({Kinds.OVERRIDE, Kinds.CANCEL, Kinds.ANSWER, Kinds.APPROVE, Kinds.UNDO})
ONE_REF = frozenset({Kinds.ANSWER, Kinds.APPROVE, Kinds.UNDO})
# What a cancel without refs stops: the author's own, or everything the author may.
STOPS = ("mine", "all")
# These make room, and take none.
ENDS_AT_ONCE = frozenset({Kinds.ANSWER, Kinds.CANCEL})
KEYS_MAX = 256
SECONDS_MAX = 2.0**40
REASON_POINTS_MAX = 500


def submit(kernel: KernelState, turn: Turn, event: Submitted) -> None:
    """Answer one intent frame: nack, the old ack again, or a new record with its ack."""
    frame = event.frame
    lanes = kernel.fold.board.lanes
    # Before anything is refused: what was taken once is answered the same for ever, whatever holds by now.
    known = lanes.seq_of(event.lane, frame.n)
    if known is not None:
        entry = kernel.fold.board.entries[intent_id(known)]
        if entry.body.sha == frame_sha(frame) and entry.actor == event.actor:
            state = kernel.lives.state_of(entry)
            turn.tell(Acked(event.lane, event.request, frame.n, entry.id, entry.seq, state))
            return
        refusal = Refusal(
            "equivocation",
            f"This lane has already sent another intent number {frame.n}.",
            "Ask for a new lane: this one's storage was copied.",
        )
        turn.tell(Nacked(event.lane, event.request, frame.n, refusal))
        return
    # Clients name documents as people do; the log keeps their ids, and the hash of what was sent.
    event = msgspec.structs.replace(event, frame=frame_by_id(frame, kernel.fold.catalog))
    refused = refuse(kernel, event) or lanes.refuse_stamp(
        event.lane, n=frame.n, seen=frame.seen, delivered=event.delivered
    )
    if refused is not None:
        turn.tell(Nacked(event.lane, event.request, frame.n, refused))
        return
    _accept(kernel, turn, event, sha=frame_sha(frame))


def refuse(kernel: KernelState, event: Submitted) -> Refusal | None:
    """Return why a frame may not be, whatever its stamp: shape, size, rights, references."""
    frame = event.frame
    if not may_ask(kernel.fold, actor=event.actor, role=event.role):
        return Refusal("read_only", f"A {event.role} may read, not instruct.", "Ask the owner for another role.")
    return _refuse_shape(frame, kernel.bounds) or _refuse_places(kernel, event) or _refuse_refs(kernel, event)


def _refuse_shape(frame: IntentFrame, bounds: Bounds) -> Refusal | None:
    sizes = (
        ("text", len(frame.text), bounds.instruction_points),
        ("scope", len(frame.scope or ()), bounds.scopes),
        ("refs", len(frame.refs), bounds.references),
        ("expects", len(frame.expects), bounds.expectations),
        ("needs", len(frame.needs), bounds.needs),
        ("value", len(frame.value or ""), bounds.instruction_points),
    )
    for name, size, limit in sizes:
        if size > limit:
            return Refusal("too_large", f"{name} has {size}; at most {limit} are taken.", "Split it up.")
    if frame.deadline is not None and not 0 < frame.deadline < SECONDS_MAX:
        return Refusal("malformed", f"deadline is {frame.deadline}.", "Give unix seconds.")
    if frame.kind in NEEDS_TEXT and not frame.text.strip():
        return Refusal("malformed", "The instruction is empty.", "Say what shall be done.")
    if frame.kind == Kinds.CANCEL and not frame.refs and frame.value in STOPS:
        return None
    if frame.kind in NEEDS_REFS and not frame.refs:
        return Refusal("malformed", f"'{frame.kind}' must name what it is about in refs.", "Name it in refs.")
    if len(set(frame.refs)) < len(frame.refs):
        return Refusal("malformed", "refs names the same thing twice.", "Name each once.")
    if frame.kind in ONE_REF and len(frame.refs) > 1:
        return Refusal(
            "malformed", f"'{frame.kind}' is about one thing; refs names {len(frame.refs)}.", "Send one each."
        )
    if frame.kind == Kinds.ANSWER and frame.value is None:
        return Refusal("malformed", "An answer needs a value.", "Choose one of the question's options.")
    return None


def _refuse_places(kernel: KernelState, event: Submitted) -> Refusal | None:
    frame = event.frame
    named = [*(part.doc for part in frame.scope or ()), *(expect.doc for expect in frame.expects), *frame.needs]
    lost = refuse_lost(kernel.fold, named) or refuse_put_away(kernel.fold, named)
    if lost is not None:
        return lost
    for part in frame.scope or ():
        problem = _scope_problem(kernel, part)
        if problem:
            return Refusal("bad_scope", problem, "Point at something in an existing document.")
    pointed = [part.doc for part in frame.scope or ()] if frame.kind in RUNNING_KINDS else ()
    if refused := refuse_instruct(kernel.fold, pointed, actor=event.actor, role=event.role):
        return refused
    for expect in frame.expects:
        if expect.doc not in kernel.fold.documents or len(expect.path) > PATH_DEPTH_MAX:
            return Refusal("bad_scope", f"expects names no place in {expect.doc!r}.", "Name an existing document.")
    for doc, need in frame.needs.items():
        try:
            read_need(need)
        except (CrdtError, ValueError) as error:
            return Refusal("malformed", f"needs[{doc!r}].sv does not decode: {error}", "Send base64 of a state vector.")
        if doc not in kernel.fold.documents or not 0 <= need.sent <= 2**31:
            return Refusal("malformed", f"needs[{doc!r}] names no document here or a wild count.", "Leave it out.")
    return None


def _scope_problem(kernel: KernelState, part: Scope) -> str:
    if part.doc not in kernel.fold.documents:
        return f"There is no document {part.doc!r}."
    paths: tuple[Path, ...] = (part.path, *part.keys)
    if len(part.keys) > KEYS_MAX or any(len(path) > PATH_DEPTH_MAX for path in paths):
        return "The scope names too many or too deep keys."
    if len(part.quote) > QUOTE_POINTS_MAX:
        return "The quote is too long."
    if part.to is not None and part.from_ is None:
        return "A range needs its beginning."
    for anchor in (part.from_, part.to):
        if anchor is not None:
            try:
                Anchor.decode(anchor)
            except CrdtError as error:
                return f"The anchor does not decode: {error.reason}"
    return ""


def _refuse_refs(kernel: KernelState, event: Submitted) -> Refusal | None:
    board, frame = kernel.fold.board, event.frame
    if not frame.refs:
        return None
    ref = frame.refs[0]
    if frame.kind == Kinds.ANSWER:
        question = board.questions.get(ref)
        if question is None:
            return (
                None if _is_past_question(kernel, ref) else Refusal("malformed", f"There is no question {ref!r}.", "")
            )
        if not may_answer(kernel.fold, question, actor=event.actor, role=event.role):
            return Refusal("forbidden", "This question is for its authors and those above them.", "Let them answer.")
        if question.options and frame.value not in {option.value for option in question.options}:
            return Refusal("malformed", f"{frame.value!r} is none of the options.", "Choose one of the options.")
        return None
    known = ref in board.commits if frame.kind == Kinds.UNDO else all(other in board.entries for other in frame.refs)
    if not known:
        return Refusal("malformed", f"refs names nothing that is in the log: {ref!r}.", "Take the id from the log.")
    if frame.kind == Kinds.UNDO:
        return _refuse_undo(kernel, board.commits[ref][1], event)
    targets = [board.entries[id] for id in frame.refs]
    above = [
        one for one in targets if one.is_live and not may_replace(kernel.fold, one, actor=event.actor, role=event.role)
    ]
    if frame.kind == Kinds.OVERRIDE and above and len(targets) > 1:
        reason = f"Replacing {above[0].actor}'s instruction needs consent, and is asked for one at a time."
        return Refusal("forbidden", reason, "Override each by itself.")
    return next((refusal for target in targets if (refusal := _refuse_authority(kernel, target, event))), None)


def _refuse_undo(kernel: KernelState, commit: CommitBody, event: Submitted) -> Refusal | None:
    fold = kernel.fold
    if may_undo(fold, commit, actor=event.actor, role=event.role):
        return None
    if refused := refuse_instruct(fold, (*commit.docs, *commit.created), actor=event.actor, role=event.role):
        return refused
    names = " and ".join(dict.fromkeys(fold.board.entries[id].actor for id in commit.intents))
    return Refusal("forbidden", f"Only {names} or somebody above may take this back.", "Ask them.")


def _refuse_authority(kernel: KernelState, target: Entry, event: Submitted) -> Refusal | None:
    fold, actor, role = kernel.fold, event.actor, event.role
    if event.frame.kind == Kinds.CANCEL and not may_cancel(fold, target, actor=actor, role=role):
        return Refusal("forbidden", f"Only {target.actor} or somebody above may cancel this.", "Ask them.")
    if event.frame.kind == Kinds.APPROVE and not may_approve(fold, target, actor=actor, role=role):
        return refuse_approval(fold, target, actor=actor, role=role)
    return None


def _is_past_question(kernel: KernelState, ref: str) -> bool:
    return is_id(ref, QUESTION) and seq_of(ref, QUESTION) <= kernel.fold.seq


def _accept(kernel: KernelState, turn: Turn, event: Submitted, *, sha: str) -> None:
    frame, board = event.frame, kernel.fold.board
    refused = None
    if frame.kind not in ENDS_AT_ONCE:
        refused = refuse_instruction(kernel.fold, kernel.bounds, actor=event.actor, role=event.role)
    if refused is None and frame.kind in NEEDS_TEXT:
        refused = over_budget(kernel, turn.now, author=event.actor)
    if refused is not None:
        turn.tell(Nacked(event.lane, event.request, frame.n, refused))
        return
    kernel.runs.close(turn)
    clock = board.lanes.vector_clock(event.lane, n=frame.n, seen=frame.seen)
    body = accepted(frame, id=intent_id(turn.fold.seq + 1), lane=event.lane, vc=clock, role=event.role, sha=sha)
    was_open = frame.kind == Kinds.ANSWER and frame.refs[0] in board.questions
    question = board.questions.get(frame.refs[0]) if was_open else None
    record = turn.append(body, event.actor)
    entry = board.entries[body.id]
    assert entry.seq == record.seq, "an intent is named for its record"
    kernel.progress[entry.id] = Progress(since=turn.now, turn=kernel.turn)
    turn.tell(Acked(event.lane, event.request, frame.n, entry.id, record.seq, entry.state))
    match frame.kind:
        case Kinds.ANSWER:
            _answer(kernel, turn, entry, is_open=question is not None)
        case Kinds.CANCEL:
            _cancel(kernel, turn, entry)
        case Kinds.APPROVE:
            _approve(kernel, turn, entry)
        case Kinds.OVERRIDE:
            _override(kernel, turn, entry)
        case Kinds.UNDO:
            pass
        case Kinds.DO:
            steer(kernel, turn, entry)


def _end(turn: Turn, entry: Entry, state: TerminalState, code: str, reason: str, remedy: str = "") -> None:
    body = VerdictBody(
        intent=entry.id,
        state=state,
        code=code,
        reason=reason,
        remedy=remedy,
    )
    turn.verdict(body)


def _answer(kernel: KernelState, turn: Turn, entry: Entry, *, is_open: bool) -> None:
    assert len(entry.body.refs) == 1, "an answer is to one question"
    ref = entry.body.refs[0]
    if not is_open:
        reason = f"That question was settled before {entry.actor}'s answer came."
        _end(turn, entry, "rejected", "closed", reason, "See its result.")
        return
    question, opened = kernel.fold.board.questions.get(ref), kernel.fold.board.layers.get(ref)
    if question is None or opened is None:
        _end(turn, entry, "done", "answered", f"{entry.actor} answered “{entry.body.value}”.")
        return
    group = [kernel.fold.board.entries[id] for id in question.group]
    said = answers_in_words(opened, group, (Answer(entry.actor, entry.body.value or ""),))
    _end(turn, entry, "done", "answered", f"{said}.")
    answered(kernel, turn, question)


def _cancel(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    ended = []
    for target in _to_cancel(kernel, entry):
        if target.is_live:  # ending one may have ended what was added to it
            end_live(kernel, turn, target, by=entry, state="cancelled", reason=f"{entry.actor} cancelled it.")
            ended.append(target.id)
    if ended:
        _end(turn, entry, "done", "cancelled", f"Cancelled {', '.join(ended)}."[:REASON_POINTS_MAX])
    elif entry.body.refs:
        _end(
            turn,
            entry,
            "rejected",
            "too_late",
            f"It had ended before {entry.actor}'s cancel came.",
            "Undo the commit instead.",
        )
    else:
        whose = f"Nothing of {entry.actor}'s" if entry.body.value == "mine" else f"Nothing that {entry.actor} may stop"
        _end(turn, entry, "rejected", "too_late", f"{whose} was under way.", "Undo a commit instead.")


def _to_cancel(kernel: KernelState, entry: Entry) -> list[Entry]:
    """Return what a cancel is about: what it names, all of its author's, or all that its author may stop."""
    if entry.body.refs:
        return [kernel.fold.board.entries[ref] for ref in entry.body.refs]
    others = [other for other in kernel.live() if other.id != entry.id and other.seq <= entry.seq]
    if entry.body.value == "mine":
        return [other for other in others if other.actor == entry.actor]
    return [other for other in others if may_cancel(kernel.fold, other, actor=entry.actor, role=entry.role)]


def _approve(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    assert len(entry.body.refs) == 1, "an approval is of one thing"
    target = kernel.fold.board.entries[entry.body.refs[0]]
    state = kernel.lives.state_of(target)
    if state not in (States.SUGGESTED, States.BRANCHED):
        _end(turn, entry, "rejected", "not_open", f"{target.id} is not a suggestion: it is {state}.")


def _override(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    """Replace what the author saw: at once with the authority to, else by asking the one overridden (semantics §2)."""
    for ref in entry.body.refs:
        target = kernel.fold.board.entries[ref]
        if not target.is_live or target.seq > entry.body.seen:
            continue
        if may_replace(kernel.fold, target, actor=entry.actor, role=entry.role):
            reason = f"{entry.actor} replaced it: {entry.body.text[:200]}"
            end_live(kernel, turn, target, by=entry, state="superseded", reason=reason)
        else:
            ask_consent(kernel, turn, target, entry)
            return


def end_live(kernel: KernelState, turn: Turn, target: Entry, *, by: Entry, state: TerminalState, reason: str) -> None:
    """End a live intent from outside its plan; a question it is part of goes on without it, or is dropped."""
    assert target is not by, "nothing ends itself so"
    body = VerdictBody(
        intent=target.id,
        state=state,
        code=by.body.kind,
        reason=reason,
        by=by.id,
        winner=by.id if state == States.SUPERSEDED else "",
        can=("override",),
    )
    withdraw(kernel, turn, target, body)


def withdraw(kernel: KernelState, turn: Turn, target: Entry, verdict: VerdictBody) -> None:
    """End a live intent whatever it is about to become: whoever plans it, or what it was added to, is told to stop."""
    assert target.is_live, "what has ended is not ended again"
    stop(kernel, turn, target)
    steered = kernel.fold.board.live.get(target.joins)
    if steered is not None:
        stop(kernel, turn, steered)
    turn.verdict(verdict, AGENT)
    assert steered is None or target.id not in steered.steers, "what has ended is nobody's part any more"
