"""L3: do two instructions pull against each other though their edits do not collide? (semantics §3)

After L2, and before a planned intent is committed, the pairs it forms with concurrent ones about the same document are
judged, at most 20 instructions a question, each pair once. The judge may only add questions: `contradict` goes to the
people, `unsure` lets both run and tells both authors, a judge that fails means that the people are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from workspace.intents.model.bodies import OracleBody
from workspace.intents.model.causality import are_concurrent
from workspace.intents.model.events import Judged
from workspace.intents.model.intent import INSTRUCTIONS, States
from workspace.intents.model.oracle import (
    ITEMS_MAX,
    OPPOSING,
    QUOTE_POINTS_MAX,
    Item,
    Judgement,
    JudgeTask,
    Opinions,
    Pair,
)
from workspace.intents.model.plan import is_expressible, whole
from workspace.intents.model.requests import AskJudge
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState, Quick
from workspace.intents.steps.turn import AGENT, Turn

COMMITS_LOOKED_AT = 20
# So many pairs are looked at in a step of the round, or a few more.
LOOKED_AT_MAX = 3_000
WORD = re.compile(r"[^\W\d_]{4,}")
COMMON_WORDS = frozenset(
    [
        "about",
        "after",
        "also",
        "before",
        "below",
        "change",
        "each",
        "from",
        "have",
        "into",
        "just",
        "keep",
        "like",
        "line",
        "list",
        "make",
        "more",
        "must",
        "only",
        "over",
        "please",
        "should",
        "some",
        "text",
        "than",
        "that",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "under",
        "what",
        "when",
        "where",
        "with",
        "write",
        "your",
    ]
)


def without_judgement(kernel: KernelState, turn: Turn, entries: list[Entry]) -> tuple[frozenset[str], bool]:
    """Return who of these must wait for the judge, and whether all were looked at: else the next step goes on.

    Asks about what nobody has asked yet, 20 instructions a question.
    """
    if not kernel.has_judge or not kernel.fold.policy.judge:
        return frozenset(), True
    waiting, asked, left = set[str](), dict[Pair, None](), LOOKED_AT_MAX
    others: list[_Told] | None = None
    for entry in entries:
        work = kernel.progress_of(entry)
        if work.compared == kernel.plans or entry.body.kind not in INSTRUCTIONS:
            continue
        if work.asked_at == (kernel.plans, len(kernel.fold.judged)) and kernel.judging.keys() >= {*work.asked}:
            waiting.add(entry.id)
            continue
        if left <= 0:
            break
        others = _told(kernel) if others is None else others
        left -= len(others)
        pairs = [pair_of(entry, rival) for rival in _rivals(kernel, entry, others)]
        pairs = [pair for pair in pairs if pair not in kernel.fold.judged and pair not in kernel.harmless]
        if kernel.quick is not None and pairs:
            pairs = _judge_at_once(kernel, turn, pairs, kernel.quick)
        if pairs:
            waiting.add(entry.id)
            asked.update(dict.fromkeys(pair for pair in pairs if pair not in kernel.judging))
            work.asked, work.asked_at = tuple(pairs), (kernel.plans, len(kernel.fold.judged))
            turn.state(entry, "ready", reason="Is compared with what others asked for.")
        else:
            work.compared = kernel.plans
    _ask(kernel, turn, list(asked))
    return frozenset(waiting), left > 0


def _ask(kernel: KernelState, turn: Turn, pairs: list[Pair]) -> None:
    """Ask about pairs in as few questions as hold them: each lists its instructions once and the pairs among them."""
    while pairs:
        ids = list(dict.fromkeys(id for pair in pairs for id in pair))[:ITEMS_MAX]
        among = tuple(pair for pair in pairs if pair[0] in ids and pair[1] in ids)
        kernel.judging.update(dict.fromkeys(among))
        assert among, "every question is about a pair: else this would never end"
        items = tuple(item_of(kernel.fold.board.entries[id]) for id in ids)
        turn.request(AskJudge(JudgeTask(items, among)))
        pairs = [pair for pair in pairs if pair not in kernel.judging]


def _judge_at_once(kernel: KernelState, turn: Turn, pairs: list[Pair], quick: Quick) -> list[Pair]:
    """Enter what a pure judge says of pairs; return those that somebody must be asked about.

    What it finds compatible is remembered, not logged: it decides nothing and can be found again.
    """
    entries, left = kernel.fold.board.entries, []
    for pair in pairs:
        # Decision 25: a pure judge is called here; a round trip per pair stalled a thousand intents behind each other.
        judgement = quick(item_of(entries[pair[0]]), item_of(entries[pair[1]]))
        if judgement is None:
            left.append(pair)
        elif judgement.opinion == Opinions.COMPATIBLE:
            kernel.harmless[pair] = None
        else:
            kernel.runs.close(turn)
            turn.append(OracleBody(oracle="judged", intent=pair[0], judgements=(judgement,), source="quick"), AGENT)
    return left


class _Told(NamedTuple):
    """An instruction that others may be compared with, and what it is about."""

    entry: Entry
    documents: set[str]
    words: set[str]


def _told(kernel: KernelState) -> list[_Told]:
    """Return the instructions that were planned or lately committed."""
    board = kernel.fold.board
    latest = islice(reversed(board.commits.values()), COMMITS_LOOKED_AT)
    committed = [board.entries[id] for _, commit in latest for id in commit.intents]
    return [
        _Told(one, documents_of(one), words_of(one))
        for one in (*kernel.lives.index.of(States.READY, States.HELD), *committed)
        if (one.plan is not None or one.commit is not None) and one.body.kind in INSTRUCTIONS
    ]


def _rivals(kernel: KernelState, entry: Entry, others: Sequence[_Told]) -> list[Entry]:
    """Return the concurrent instructions worth comparing: planned or lately committed, sharing a document or a word."""
    cleared, mine, words = kernel.fold.board.cleared, documents_of(entry), words_of(entry)
    return [
        other
        for other, documents, its_words in others
        if other.id != entry.id
        and (not cleared or frozenset((other.id, entry.id)) not in cleared)
        and are_concurrent(other.stamp, entry.stamp)
        # Decision 30: opposite goals may lie in two documents; a shared word makes them worth a question.
        and (mine & documents or words & its_words)
    ]


def words_of(entry: Entry) -> set[str]:
    """Return the words of an instruction that may name what it is about."""
    return set(WORD.findall(entry.body.text.casefold())) - COMMON_WORDS


def documents_of(entry: Entry) -> set[str]:
    """Return the documents that an instruction changes or points at."""
    planned = {op.doc for op in entry.plan.ops} if entry.plan is not None else set()
    return planned | {part.doc for part in entry.body.scope or ()}


def pair_of(one: Entry, other: Entry) -> Pair:
    """Return the name of a pair: the earlier first."""
    first, second = sorted((one, other), key=lambda entry: entry.seq)
    assert first.seq < second.seq, "a pair is two"
    return first.id, second.id


def item_of(entry: Entry) -> Item:
    """Return what a judge may see of an instruction."""
    summary = entry.plan.summary if entry.plan is not None else ""
    return Item(entry.id, entry.actor, entry.body.text, summary, tuple(sorted(documents_of(entry))))


def judged(kernel: KernelState, turn: Turn, event: Judged) -> None:
    """Enter a judge's answer; a pair it left out counts as one it failed on."""
    for pair in event.task.pairs:
        kernel.judging.pop(pair, None)
    if kernel.fold.stops.is_on:
        return  # it is asked again when the agent goes on
    answers = event.judgements if is_expressible(event.judgements) else ()
    known = {judgement.pair: judgement for judgement in answers if judgement.pair in event.task.pairs}
    found = tuple(
        _bounded(known.get(pair, Judgement(pair, "failed")))
        for pair in event.task.pairs
        if pair not in kernel.fold.judged
    )
    if found:
        kernel.runs.close(turn)
        why = whole(event.reason)[:300]
        body = OracleBody(oracle="judged", intent=found[0].pair[0], judgements=found, source=event.judge, reason=why)
        turn.append(body, AGENT)


def _bounded(judgement: Judgement) -> Judgement:
    one, other = judgement.quotes
    return Judgement(judgement.pair, judgement.opinion, (one[:QUOTE_POINTS_MAX], other[:QUOTE_POINTS_MAX]))


def contradictions(kernel: KernelState, ready: list[Entry]) -> list[Pair]:
    """Return the judged pairs among planned or committed intents that the people must settle."""
    ids, board = {entry.id for entry in ready}, kernel.fold.board
    return [
        pair
        for pair, judgement in kernel.fold.judged.items()
        if judgement.opinion in OPPOSING
        and frozenset(pair) not in board.cleared
        and (pair[0] in ids or pair[1] in ids)
        and all(id in ids or board.entries[id].commit is not None for id in pair)
    ]


def notes_for(kernel: KernelState, entry: Entry) -> str:
    """Return what an author is told about pairs that the judge was unsure of."""
    others = [
        kernel.fold.board.entries[other]
        for pair, judgement in kernel.fold.judged.items()
        if judgement.opinion == Opinions.UNSURE and entry.id in pair
        for other in pair
        if other != entry.id
    ]
    told = "; ".join(f"{other.actor} asked “{other.body.text[:80]}”" for other in others)
    return f" Look whether this fits: {told}." if told else ""
