"""The planner that asks a model: a bounded tool loop on copies of the snapshot, under the rules that bind all planners.

The loop is a function of the task and of the answers it gets, nothing else. After a crash, or when the author has
answered a question, it runs again from the start and the answers it had before come from the archive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import jiter

from agent import tools
from agent.editing import Editing
from agent.gateway.assembly import Part
from agent.gateway.call import Answer, Block, Call, Message, Signals, tool_uses
from agent.gateway.dispatch import Gateway, GatewayFault
from agent.gateway.preflight import estimate_tokens
from agent.prompting import Prompt, load_prompt, render_task
from agent.shadow import Served, Shadows, is_sampled
from agent.workbench import Denied, Finished, Told, Wondered, Workbench
from crdt.digest import canonical
from workspace.errors import PlannerFault
from workspace.intents.calls import Purpose
from workspace.intents.plan import Asked, Draft, Option, Planned, Proposal, Refused, Task, Tokens
from workspace.ports import Desk
from workspace.tasks import Tasks

PLAN_VERSION = 1
TURNS_MAX = 32
ROUNDS_MAX = 3
ERRORS_IN_A_ROW_MAX = 4
READ_TOKENS_MAX = 1_500_000
WRITTEN_TOKENS_MAX = 64_000
ANSWER_TOKENS_MAX = 8_192
DRAFT_POINTS_MAX = 20_000
DRAFT_FIELDS = ("new_str", "text", "content")
NUDGE = "Go on with the tools, and end with `finish` or `ask`."


class Stuck(Exception):
    """A round led nowhere; a stronger model may try again from the start."""


@dataclass(slots=True)
class Spent:
    """Tokens of one plan, over all its rounds."""

    read: int = 0
    written: int = 0
    cost: int = 0

    def add(self, answer: Answer) -> None:
        """Count an answer. Raises `Stuck` when the plan's bound is passed."""
        usage = answer.reply.usage
        self.read += usage.read + usage.cache_read + usage.cache_written
        self.written += usage.written
        self.cost += answer.cost
        if self.read > READ_TOKENS_MAX or self.written > WRITTEN_TOKENS_MAX:
            raise PlannerFault(
                f"the plan took more than {READ_TOKENS_MAX} tokens to read or {WRITTEN_TOKENS_MAX} to write"
            )


@dataclass(slots=True)
class Round:
    """One run of the tool loop, from the first message on. `model` is set for a shadow run."""

    task: Task
    desk: Desk
    gateway: Gateway
    prompt: Prompt
    spent: Spent
    number: int = 0
    model: str = ""
    messages: list[Message] = field(default_factory=list)
    errors: int = 0
    served_by: str = ""

    async def run(self) -> Proposal:
        """Return what the loop came to. Raises `Stuck`, `PlannerFault` and `CallRefused`."""
        editing = Editing(self.task)
        bench = Workbench(editing, list(self.task.exchanges) if self.task.attempt == 0 else [])
        self.messages.append(_user([{"type": "text", "text": render_task(self.task, editing)}]))
        for _ in range(TURNS_MAX):
            answer = await self._ask()
            self.served_by = answer.model
            self.spent.add(answer)
            self.messages.append({"role": "assistant", "content": list(answer.reply.content)})
            done = self._carry_out(bench, answer)
            if done is not None:
                return done
        raise Stuck(f"no end after {TURNS_MAX} turns")

    async def _ask(self) -> Answer:
        task = self.task
        purpose: Purpose = "repair" if task.repair is not None else "plan"
        call = Call(
            purpose=purpose, prompt=self.prompt.label, system=self.prompt.text, tools=tools.schemas_for(task.receivers),
            messages=tuple(self.messages), tokens_max=ANSWER_TOKENS_MAX, intents=(task.intent,), author=task.actor,
            attempt=task.attempt, fault=task.fault, round=self.number, signals=signals_of(task, self.number),
            model=self.model,
        )  # fmt: skip
        on_part = Watcher(self.desk, self.task).hear
        return await self.gateway.ask(
            call, self.desk, table=task.routes, recorded=() if self.model else task.recorded, on_part=on_part
        )

    def _carry_out(self, bench: Workbench, answer: Answer) -> Proposal | None:
        """Carry out the tool calls of one answer and put their results on the conversation; None to go on."""
        uses = tool_uses(answer.reply.content)
        if not uses:
            self._count_error(is_error=True, why="the model does not use its tools")
            self.messages.append(_user([{"type": "text", "text": NUDGE}]))
            return None
        results: list[Block] = []
        is_bad = False
        for use in uses:
            outcome = bench.use(str(use["name"]), use["input"])
            match outcome:
                case Finished(summary, ops, reads, effects, serves):
                    tokens = Tokens(self.spent.read, self.spent.written)
                    return Planned(ops, reads, summary, effects, tokens, self.label, serves)
                case Wondered(question, options):
                    return Asked(question, tuple(Option(text, text) for text in options), self.label)
                case Denied(code, reason):
                    arguments = canonical(use["input"]).decode()
                    self.desk.deny(
                        tool=str(use["name"]), arguments=arguments, code=code, reason=reason, model=answer.model
                    )
                    results.append(_result(use, f"Refused: {reason}", is_error=True))
                    is_bad = True
                case Told(text, step, is_error, draft):
                    if step:
                        self.desk.step(step)
                    if draft is not None and draft.text:
                        self.desk.show(Draft(draft.doc, draft.text[:DRAFT_POINTS_MAX]))
                    results.append(_result(use, text, is_error=is_error))
                    is_bad = is_bad or is_error
        self._count_error(is_error=is_bad, why="the model's tool calls keep failing")
        self.messages.append(_user(results))
        return None

    def _count_error(self, *, is_error: bool, why: str) -> None:
        self.errors = self.errors + 1 if is_error else 0
        if self.errors >= ERRORS_IN_A_ROW_MAX:
            raise Stuck(why)

    @property
    def label(self) -> str:
        """Which model planned, with which prompt: recorded in the plan."""
        return f"{self.served_by}/{self.prompt.label}"


class ModelPlanner:
    """`workspace.ports.Planner` on a model, through the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._prompt = load_prompt("plan", PLAN_VERSION)
        self._loading = Tasks()
        self._shadows = Shadows(gateway.clock)

    @property
    def name(self) -> str:
        """Name and version: the strongest model of the server's table and the prompt."""
        return f"model {self._gateway.table.strongest}/{self._prompt.label}"

    async def open(self) -> None:
        """Begin to load the SDK, so that the first instruction does not wait for it."""
        self._loading.start(self._gateway.warm(), name="load the SDK")

    async def close(self) -> None:
        """Close the connections to the models."""
        await self._shadows.close()
        await self._loading.close()
        await self._gateway.close()

    async def plan(self, task: Task, desk: Desk) -> Proposal:
        """Return a proposal; after a round that led nowhere a stronger model begins again, at most twice.

        Raises:
            PlannerFault: no model came to an end.
        """
        spent, last, began = Spent(), "no round was made", self._gateway.clock()
        desk.step("Thinks about how to begin.")
        for number in range(ROUNDS_MAX):
            here = Round(task, desk, self._gateway, self._prompt, spent, number)
            try:
                proposal = await here.run()
                if isinstance(proposal, Planned):
                    latency_ms = int((self._gateway.clock() - began) * 1000)
                    self._shadow(task, desk, Served(proposal, spent.cost, latency_ms))
                return proposal
            except Stuck as stuck:
                last = str(stuck)
                desk.step("Begins again with a stronger model.")
            except GatewayFault as fault:
                if fault.kind == "refused":
                    reason = "The model declined to work on this."
                    return Refused("declined", reason, "Say it in other words.", self._prompt.label)
                raise
        raise PlannerFault(f"the model came to no end: {last}")

    def _shadow(self, task: Task, desk: Desk, served: Served) -> None:
        """Let the candidate model plan the same beside, for the sampled share of intents."""
        shadow = (task.routes or self._gateway.table).shadow
        if not shadow.model or not is_sampled(task.intent, task.workspace, shadow.share):
            return

        async def plan(shade: Desk) -> Proposal:
            try:
                return await Round(task, shade, self._gateway, self._prompt, Spent(), model=shadow.model).run()
            except Stuck as stuck:
                raise PlannerFault(str(stuck)) from stuck

        self._shadows.begin(task, desk, served, shadow.model, plan)


def signals_of(task: Task, escalations: int) -> Signals:
    """Return what routing may know of a task before any model has looked."""
    scope = task.scope
    docs = list(dict.fromkeys(part.doc for part in scope)) if scope is not None else list(task.snapshot.documents)
    is_range = scope is not None and all(part.from_ is not None or part.keys for part in scope)
    if is_range:
        size = sum(len(part.quote or "") for part in scope or ())
    else:
        size = sum(len(task.snapshot.documents[doc].state) for doc in docs if doc in task.snapshot.documents)
    return Signals(
        words=len(task.text.split()),
        documents=len(docs),
        scope="unknown" if scope is None else "range" if is_range else "document",
        size=estimate_tokens(size),
        strict=task.strict,
        attempt=task.attempt,
        escalations=escalations + task.fault,
        budget_left=task.budget_left,
    )


@dataclass(slots=True)
class Watcher:
    """Shows the words of a tool call while they stream: the people read them before the edit is complete."""

    desk: Desk
    task: Task
    is_told: bool = False

    def hear(self, part: Part) -> None:
        """Show what a document will get, as far as it has come."""
        if part.kind != "tool_use" or part.tool not in ("str_replace", "insert", "create_document"):
            return
        try:
            given = jiter.from_json(part.text.encode(), partial_mode="trailing-strings")
        except ValueError:
            return
        if not isinstance(given, dict):
            return
        words = next((given[name] for name in DRAFT_FIELDS if isinstance(given.get(name), str)), "")
        doc = given.get("document")
        if words and isinstance(doc, str) and (doc in self.task.snapshot.documents or part.tool == "create_document"):
            if not self.is_told:
                self.is_told = True
                self.desk.step(f"Writes in {doc}.")
            self.desk.show(Draft(doc, words[:DRAFT_POINTS_MAX]))


def _user(content: Sequence[Block]) -> Message:
    return {"role": "user", "content": list(content)}


def _result(use: Block, text: str, *, is_error: bool) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": use["id"], "content": [{"type": "text", "text": text}]}
    return {**block, "is_error": True} if is_error else block
