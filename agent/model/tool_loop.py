"""One run of the tool loop: a model is asked, its calls are carried out on copies, their results go back.

A run is a function of the task and of the answers it gets, nothing else: after a crash, or an answered question, it
runs again from the start and the answers it had come from the archive. All calls of one answer are taken together: the
edits in their order, then questions, and the end last; it counts only where nothing of that answer failed or was cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from agent.editing.editor import Editor
from agent.gateway.call import Answer, Block, Call, Message, Reply, Signals, tool_uses
from agent.gateway.dispatch import Gateway, GatewayFault
from agent.model import tool_schemas as tools
from agent.model.draft_watch import DraftWatch
from agent.model.prompt_text import Prompt, render_task
from agent.model.tool_runner import PlanFinished, ToolDenied, ToolOutcome, ToolQuestion, ToolResult, ToolRunner
from agent.model.verdict_text import account_of
from crdt.digest import canonical
from workspace.errors import PlannerFault
from workspace.intents.model.calls import CallOutcomes, Purpose
from workspace.intents.model.document_acts import words_of_act
from workspace.intents.model.effects import describe
from workspace.intents.model.plan import Asked, Draft, Option, Planned, Proposal, Task, Tokens
from workspace.intents.model.wording import told as told_of
from workspace.ports import PlanContext

TURNS_MAX = 32
ERRORS_IN_A_ROW_MAX = 4
CUTS_IN_A_ROW_MAX = 2
READ_TOKENS_MAX = 1_500_000
WRITTEN_TOKENS_MAX = 64_000
ANSWER_TOKENS = 8_192
ANSWER_TOKENS_MAX = 32_768
DRAFT_POINTS_MAX = 20_000
FAILED_SHOWN_MAX = 5
ENDS = ("ask", "finish")
NUDGE = "Go on with the tools, and end with `finish` or `ask`."


class Stuck(Exception):
    """A round led nowhere; a stronger model may try again from the start."""


class TooLong(Exception):
    """The model's answers end at their bound again and again: nobody is asked a fourth time for the same."""

    def __init__(self, tokens: int) -> None:
        super().__init__(f"the model's answers are longer than {tokens} tokens")
        self.tokens = tokens


@dataclass(slots=True)
class Spent:
    """Tokens of one plan, over all its rounds."""

    read: int = 0
    written: int = 0
    cost: int = 0

    def add(self, answer: Answer) -> None:
        """Count an answer. Raises `PlannerFault` when the plan's bound is passed."""
        usage = answer.reply.usage
        self.read += usage.read + usage.cache_read + usage.cache_written
        self.written += usage.written
        self.cost += answer.cost
        if self.read > READ_TOKENS_MAX or self.written > WRITTEN_TOKENS_MAX:
            raise PlannerFault(
                f"the plan took more than {READ_TOKENS_MAX} tokens to read or {WRITTEN_TOKENS_MAX} to write"
            )


@dataclass(slots=True)
class ToolLoop:
    """One run of the tool loop, from the first message on.

    `model` is set for a shadow run; `until` is when, by the gateway's clock, nobody waits any more.
    """

    task: Task
    context: PlanContext
    gateway: Gateway
    prompt: Prompt
    spent: Spent
    signals: Signals
    number: int = 0
    model: str = ""
    until: float | None = None
    messages: list[Message] = field(default_factory=list)
    errors: int = 0
    cuts: int = 0
    tokens_max: int = 0
    served_by: str = ""

    async def run(self) -> Proposal:
        """Return what the loop came to. Raises `Stuck`, `TooLong`, `PlannerFault` and `CallRefused`."""
        assert not self.messages, "a loop is run once, from its first message"
        editor = Editor(self.task)
        runner = ToolRunner(editor, list(self.task.exchanges) if self.task.attempt == 0 else [])
        self.messages.append(_user([{"type": "text", "text": render_task(self.task, editor)}]))
        self.tokens_max = min(ANSWER_TOKENS, self.bound)
        for _ in range(TURNS_MAX):
            answer = await self._ask()
            self.served_by = answer.model
            self.spent.add(answer)
            said = list(answer.reply.content)
            self.messages.append({"role": "assistant", "content": said, "model": answer.model})
            done = self._carry_out(runner, answer.reply)
            if done is not None:
                return done
        raise Stuck(f"no end after {TURNS_MAX} turns")

    async def _ask(self) -> Answer:
        task = self.task
        assert 0 < self.tokens_max <= self.bound, "an answer has room, within what its model takes"
        purpose: Purpose = "repair" if task.repair is not None else "plan"
        call = Call(
            purpose=purpose, prompt=self.prompt.label, system=self.prompt.text, tools=tools.schemas_for(task.receivers),
            messages=tuple(self.messages), tokens_max=self.tokens_max, intents=(task.intent,), author=task.actor,
            attempt=task.attempt, fault=task.fault, round=self.number, signals=self.signals, model=self.model,
            stay=self.served_by,
        )  # fmt: skip
        try:
            return await self.gateway.ask(
                call, self.context, table=task.routes, recorded=() if self.model else task.recorded,
                on_part=DraftWatch(self.context, task).hear, until=self.until,
            )  # fmt: skip
        except GatewayFault as fault:
            if self.tokens_max > ANSWER_TOKENS and (
                fault.kind == CallOutcomes.TOO_LONG or "max_tokens" in fault.detail
            ):
                raise TooLong(ANSWER_TOKENS) from fault  # the larger bound is more than this model takes
            raise

    def _carry_out(self, runner: ToolRunner, reply: Reply) -> Proposal | None:
        """Carry out the tool calls of one answer and put their results on the conversation; None to go on."""
        uses = tool_uses(reply.content)
        told: dict[int, ToolResult] = {}
        failed = [f"your answer was cut at {self.tokens_max} tokens"] if reply.is_cut else []
        for at, use in enumerate(uses):
            if use["name"] not in ENDS:
                told[at] = self._told(use, _used(runner, use))
                failed += [f"{use['name']}: {told[at].text}"] if told[at].is_error else []
        # Decision 92: questions and ends come last, and count only where nothing of this answer failed or was cut.
        ended = self._asked(runner, uses, told, failed) or self._finished(runner, uses, told, failed)
        if ended is not None:
            return ended
        is_bad = any(result.is_error for result in told.values())
        words = self._cut(reply) if reply.is_cut else NUDGE if not uses else ""
        if not reply.is_cut:
            self.cuts = 0
            why = "the model's tool calls keep failing" if uses else "the model does not use its tools"
            self._count_error(is_error=is_bad or not uses, why=why)
        assert set(told) == set(range(len(uses))), "every call has its result: the API refuses one without"
        results = [_result(use, told[at]) for at, use in enumerate(uses)]
        self.messages.append(_user([*results, *([{"type": "text", "text": words}] if words else [])]))
        return None

    def _asked(
        self, runner: ToolRunner, uses: Sequence[Block], told: dict[int, ToolResult], failed: list[str]
    ) -> Proposal | None:
        """Put the questions of an answer, unless something failed: people are not asked on a false belief."""
        for at, use in enumerate(uses):
            if use["name"] != "ask":
                continue
            if failed:
                told[at] = ToolResult(
                    f"Not asked, because {_listed(failed)}. Ask again if it still matters.", is_error=True
                )
                continue
            match _used(runner, use):
                case ToolQuestion(question, options):
                    return Asked(question, tuple(Option(text, text) for text in options), self.label)
                case outcome:
                    told[at] = self._told(use, outcome)
                    failed += [f"ask: {told[at].text}"] if told[at].is_error else []
        return None

    def _finished(
        self, runner: ToolRunner, uses: Sequence[Block], told: dict[int, ToolResult], failed: list[str]
    ) -> Proposal | None:
        """Return the plan when an answer ends it; where more than one `finish` is called, the last counts."""
        ends = [at for at, use in enumerate(uses) if use["name"] == "finish"]
        for at in ends:
            told[at] = ToolResult("Only the last finish of an answer counts.", is_error=True)
        if not ends:
            return None
        use = uses[ends[-1]]
        if failed:
            told[ends[-1]] = ToolResult(
                f"Not finished, because {_listed(failed)}. Mend it, then finish.", is_error=True
            )
        elif any(other["name"] == "ask" for other in uses):
            told[ends[-1]] = ToolResult("Not finished: read the author's answer first, then finish.")
        else:
            match _used(runner, use):
                case PlanFinished() as finished:
                    return self._planned(runner, finished)
                case outcome:
                    told[ends[-1]] = self._told(use, outcome)
        return None

    def _planned(self, runner: ToolRunner, finished: PlanFinished) -> Planned:
        """Return the plan; its summary says first what came of its operations, then what the model says."""
        assert self.served_by, "a plan was made by some model"
        # Decision 84: what was done is told from the operations; what the model says of it stands behind, as its words.
        editor, ops = runner.editor, finished.ops
        known = editor.task.snapshot.documents
        before = {op.doc: editor.open(op.doc) for op in ops if op.doc in known}
        done = told_of(ops, before, {name: values.working for name, values in editor.values.items()})
        sent = [f"will send {describe(effect, editor.task.receivers[effect.tool])}" for effect in finished.effects]
        acts = tuple(editor.acts)
        summary = account_of(finished.summary, [*done, *map(words_of_act, acts), *sent])
        tokens = Tokens(self.spent.read, self.spent.written)
        return Planned(ops, finished.reads, summary, finished.effects, tokens, self.label, finished.serves, acts)

    def _told(self, use: Block, outcome: ToolOutcome) -> ToolResult:
        """Show and log what became of a call; return what the model is told."""
        match outcome:
            case ToolDenied(code, reason):
                arguments, tool = canonical(use["input"]).decode(), str(use["name"])
                self.context.deny(tool=tool, arguments=arguments, code=code, reason=reason, model=self.served_by)
                return ToolResult(f"Refused: {reason}", is_error=True)
            case ToolResult(_, step, _, draft):
                if step:
                    self.context.step(step)
                if draft is not None and draft.text:
                    self.context.show(Draft(draft.doc, draft.text[:DRAFT_POINTS_MAX]))
                return outcome
            case PlanFinished() | ToolQuestion():
                raise AssertionError("ends are taken elsewhere")

    def _cut(self, reply: Reply) -> str:
        """Return what a model is told whose answer ended at its bound. Raises `TooLong` the third time in a row."""
        tokens = self.tokens_max
        self.cuts += 1
        if self.cuts > CUTS_IN_A_ROW_MAX:
            raise TooLong(tokens)
        # Decision 93: at the same bound it would be cut again, and paid again.
        self.tokens_max = min(2 * tokens, self.bound)
        self.context.step("Its answer was too long and was cut: goes on in smaller steps.")
        lost = f" inside a call of {reply.cut}, which was not carried out" if reply.cut else ""
        return (
            f"Your answer was cut at {tokens} tokens{lost}. Calls before the cut were carried out. Take smaller steps: "
            "several short calls in place of a long one, each in an answer of its own where the text is long. Go on."
        )

    def _count_error(self, *, is_error: bool, why: str) -> None:
        self.errors = self.errors + 1 if is_error else 0
        if self.errors >= ERRORS_IN_A_ROW_MAX:
            raise Stuck(why)

    @property
    def bound(self) -> int:
        """How many tokens one answer may have at most: as the table says, for models that take less or more."""
        most = (self.task.routes or self.gateway.table).answer_tokens_max
        return ANSWER_TOKENS_MAX if isinstance(most, msgspec.UnsetType) else most

    @property
    def label(self) -> str:
        """Which model planned, with which prompt: recorded in the plan."""
        return f"{self.served_by}/{self.prompt.label}"


def _used(runner: ToolRunner, use: Block) -> ToolOutcome:
    """Carry out a call on the copies; one whose input nothing can hold is answered by what is wrong with it."""
    return runner.use(str(use["name"]), use["input"], unfit=[str(part) for part in use.get("unfit") or ()])


def _listed(failed: Sequence[str]) -> str:
    more = len(failed) - FAILED_SHOWN_MAX
    shown = [part.rstrip(".")[:200] for part in failed[:FAILED_SHOWN_MAX]]
    return "; ".join(shown + ([f"and {more} more"] if more > 0 else []))


def _user(content: Sequence[Block]) -> Message:
    return {"role": "user", "content": list(content)}


def _result(use: Block, told: ToolResult) -> Block:
    content = [{"type": "text", "text": told.text}]
    block: Block = {"type": "tool_result", "tool_use_id": use["id"], "content": content}
    return {**block, "is_error": True} if told.is_error else block
