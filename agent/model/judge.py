"""The judge and the merger on a model: structured answers by a forced tool, flagged pairs asked again in reverse order.

A pair counts as contradicting only when both orders say so; where they differ it is `unsure` (SCOPE, arXiv 2602.13110:
position bias). Words of instructions are quoted data. What fails raises: the room then asks the people.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from agent.gateway.call import Block, Call, Message, Signals, tool_uses
from agent.gateway.dispatch import Gateway
from agent.model.prompt_text import load_prompt
from crdt.digest import Json, canonical
from workspace.errors import PlannerFault
from workspace.intents.model.calls import Purpose
from workspace.intents.model.oracle import Item, Judgement, JudgeTask, Merged, MergeTask, Opinion, Opinions, Pair
from workspace.ports import PlanContext

JUDGE_VERSION = MERGE_VERSION = 1
ANSWER_TOKENS_MAX = 2_048
WAIT_SECONDS_MAX = 25.0
_STRING: Json = {"type": "string"}
_OPINIONS: list[Json] = ["contradict", "compatible", "unsure"]
JUDGE_TOOL: Block = {
    "name": "judge",
    "description": "Give your opinion on every pair, each once.",
    "input_schema": {
        "type": "object",
        "properties": {
            "pairs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "first": _STRING, "second": _STRING, "opinion": {"type": "string", "enum": _OPINIONS},
                        "quote_first": _STRING, "quote_second": _STRING,
                    },
                    "required": ["first", "second", "opinion"],
                },
            }
        },
        "required": ["pairs"],
    },
}  # fmt: skip
MERGE_TOOL: Block = {
    "name": "merge",
    "description": "Give one instruction that serves all, or say that there is none.",
    "input_schema": {
        "type": "object",
        "properties": {
            "possible": {"type": "boolean"},
            "instruction": _STRING,
            "gives_up": {"type": "object", "additionalProperties": _STRING},
        },
        "required": ["possible", "instruction"],
    },
}


class JudgedPair(msgspec.Struct, frozen=True):
    """One pair as the model gives it."""

    first: str
    second: str
    opinion: Opinion
    quote_first: str = ""
    quote_second: str = ""


class JudgeAnswer(msgspec.Struct, frozen=True):
    """The input of the tool `judge`."""

    pairs: tuple[JudgedPair, ...]


class MergeAnswer(msgspec.Struct, frozen=True):
    """The input of the tool `merge`."""

    possible: bool
    instruction: str
    gives_up: dict[str, str] = {}


class ModelJudge:
    """`workspace.ports.Judge` through the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._judging = load_prompt("judge", JUDGE_VERSION)
        self._merging = load_prompt("merge", MERGE_VERSION)

    @property
    def name(self) -> str:
        """Name and version, recorded with every judgement."""
        return f"model/{self._judging.label}"

    def quick(self, one: Item, other: Item) -> Judgement | None:
        """A model must be asked."""
        return None

    async def judge(self, task: JudgeTask, context: PlanContext) -> tuple[Judgement, ...]:
        """Return an opinion on every pair; what one order flags is asked again the other way round."""
        first = await self._compare(task.items, task.pairs, context)
        flagged = tuple(pair for pair in task.pairs if first[pair].opinion == Opinions.CONTRADICT)
        if not flagged:
            return tuple(first.values())
        # Asked in reverse order: a model that flags whatever stands first flags the other one now.
        again = {id for pair in flagged for id in pair}
        items = tuple(item for item in reversed(task.items) if item.intent in again)
        second = await self._compare(items, tuple((b, a) for a, b in reversed(flagged)), context)
        for a, b in flagged:
            if second[(b, a)].opinion != Opinions.CONTRADICT:
                first[(a, b)] = Judgement((a, b), "unsure", first[(a, b)].quotes)
        return tuple(first.values())

    async def _compare(
        self, items: tuple[Item, ...], pairs: tuple[Pair, ...], context: PlanContext
    ) -> dict[Pair, Judgement]:
        said: dict[str, Json] = {
            "instructions": [_quoted(item) for item in items],
            "pairs": [list(pair) for pair in pairs],
        }
        given = await self._ask("judge", self._judging.label, self._judging.text, JUDGE_TOOL, said, items, context)
        try:
            answer = msgspec.convert(given, JudgeAnswer)
        except msgspec.ValidationError as error:
            raise PlannerFault(f"the judge's answer does not fit: {error}") from error
        # Decision 21: what the model forgot is a failure, which asks the people, never a "compatible".
        found: dict[Pair, Judgement] = {pair: Judgement(pair, "failed") for pair in pairs}
        for part in answer.pairs:
            straight, turned = (part.first, part.second), (part.second, part.first)
            if straight in found:
                found[straight] = Judgement(straight, part.opinion, (part.quote_first, part.quote_second))
            elif turned in found:
                found[turned] = Judgement(turned, part.opinion, (part.quote_second, part.quote_first))
        assert set(found) == set(pairs), "every pair that was asked about has an opinion, and no other"
        return found

    async def merge(self, task: MergeTask, context: PlanContext) -> Merged:
        """Return one instruction for all, or an empty text."""
        said: dict[str, Json] = {"instructions": [_quoted(item) for item in task.items]}
        given = await self._ask("merge", self._merging.label, self._merging.text, MERGE_TOOL, said, task.items, context)
        try:
            answer = msgspec.convert(given, MergeAnswer)
        except msgspec.ValidationError as error:
            raise PlannerFault(f"the merger's answer does not fit: {error}") from error
        group = tuple(item.intent for item in task.items)
        assert len(group) > 1, "one instruction needs no middle"
        if not answer.possible or not answer.instruction.strip():
            return Merged(group, "", reason="The merger found no honest middle.")
        return Merged(group, answer.instruction.strip(), answer.gives_up)

    async def _ask(
        self,
        purpose: Purpose,
        label: str,
        system: str,
        tool: Block,
        said: Json,
        items: tuple[Item, ...],
        context: PlanContext,
    ) -> Json:
        """Return the input of the forced tool."""
        assert items, "a judge is asked about instructions"
        text = f"<instructions>\n{canonical(said).decode()}\n</instructions>"
        message: Message = {"role": "user", "content": [{"type": "text", "text": text}]}
        call = Call(
            purpose=purpose, prompt=label, system=system, tools=(tool,), messages=(message,),
            tokens_max=ANSWER_TOKENS_MAX, intents=tuple(item.intent for item in items),
            tool_choice={"type": "tool", "name": tool["name"]},
            signals=Signals(words=sum(len(item.text.split()) for item in items), documents=len(items)),
        )  # fmt: skip
        until = self._gateway.clock() + WAIT_SECONDS_MAX
        answer = await self._gateway.ask(call, context, until=until)
        if answer.reply.is_cut:  # many pairs make a long answer; one cut twice is not asked for again
            longer = replace(call, tokens_max=2 * call.tokens_max, stay=answer.model)
            answer = await self._gateway.ask(longer, context, until=until)
        used = next((use for use in tool_uses(answer.reply.content) if use["name"] == tool["name"]), None)
        if used is None:
            why = "was cut at its bound" if answer.reply.is_cut else f"did not use the tool {tool['name']}"
            raise PlannerFault(f"the model's answer {why}")
        if used.get("unfit"):
            raise PlannerFault(f"the model's answer cannot be used: {'; '.join(map(str, used['unfit']))}")
        return used["input"]


def _quoted(item: Item) -> Json:
    return {
        "id": item.intent,
        "by": item.actor,
        "instruction": item.text,
        "planned": item.summary,
        "documents": list(item.documents),
    }
