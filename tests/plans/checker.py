"""One random plan against a real server: what a stock Yjs reads afterwards is what the verdict says.

*Done* means that the documents hold what every call comes to that was not answered with an error; any other end means
that they are as they were. `did` names something exactly where something changed. An undo brings back what stood there,
or asks, or is refused; over words that another commit replaced it never blends.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from crdt.sync.y_sync import encode_update
from tests.plans.calls import Call, CannotBe, Documents, carry_out, good_call, planted
from tests.plans.model import CLAIM, Scripts, drawn
from tests.support.oracle import Oracle
from tests.support.server import Running
from tests.support.until import until
from workspace.client.document import connect_document
from workspace.client.faults import Refused

WAIT_SECONDS = 60.0
PLANTED_SHARE, UNDO_SHARE, OVER_SHARE = 0.5, 0.5, 0.5
HALVES = dict.fromkeys(range(55296, 57344), "�")


@dataclass
class Tally:
    """How the plans ended."""

    ends: dict[str, int] = field(default_factory=dict)

    def count(self, end: str) -> None:
        self.ends[end] = self.ends.get(end, 0) + 1


@dataclass
class Checker:
    """One server, one stock Yjs, one model. `planner` is "builtin" or "model"."""

    server: Running
    http: httpx2.AsyncClient
    yjs: Oracle
    planner: str
    scripts: Scripts
    tally: Tally = field(default_factory=Tally)

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        return await self.http.request(method, f"{self.server.url}/api/workspaces/demo{path}", **more)

    async def read(self, names: tuple[str, str]) -> Documents:
        """Return both documents as a stock Yjs reads what the server gives to a newcomer."""
        text = self.yjs.look("text", [await self._update(names[0])])["value"]
        values = self.yjs.look("data", [await self._update(names[1])])["value"]
        words = "".join("\ufffc" if part is None else part for part, _ in text)
        return Documents(words.translate(HALVES), unescaped(values))

    async def _update(self, name: str) -> bytes:
        answer = await self.ask("GET", f"/documents/{name}", params={"format": "update"})
        assert answer.status_code == 200, answer.text
        return answer.content

    async def run(self, number: int, seed: int) -> None:
        """Draw a plan, let it be done, look at what stands there; then perhaps take it back."""
        chance = random.Random(f"{seed} {number}")
        names = await self._documents(number, chance)
        before = await self.read(names)
        calls = self._calls(before, chance, names)
        verdict = await self._instruct(number, calls, before, chance, names)
        after = await self.read(names)
        where = f"run {number} of seed {seed}: {verdict}"
        self.tally.count(f"{verdict['state']} {verdict.get('code', '')}".strip())
        if verdict["state"] != "done":
            assert same(after, before), f"{where}: it changed something all the same"
            return
        expected = self._expected(number, before, calls)
        assert same(after, expected), f"{where}: a false done\n{calls}\n{before}\n{after}\nnot\n{expected}"
        is_changed = not same(after, before)
        assert bool(verdict.get("did")) or not is_changed, f"{where}: it does not say what was done"
        if not is_changed:
            assert verdict["reason"] != CLAIM, f"{where}: it claims what was not done"
        if is_changed and chance.random() < UNDO_SHARE:
            await self._take_back(number, seed, verdict, names, before, after)

    def _expected(self, number: int, before: Documents, calls: list[Call]) -> Documents:
        if self.planner == "model":
            return self.scripts.scripts[number].expected()
        now = before.copy()
        for call in calls:
            carry_out(now, call)  # raises where the plan is all or nothing and was done all the same
        return now

    # ------------------------------------------------------------ drawing

    async def _documents(self, number: int, chance: random.Random) -> tuple[str, str]:
        """Make a text and a data document, and let stock clients of any kind write in them."""
        names = f"t{number}", f"d{number}"
        token = await self.server.token("Ana")
        for name, kind in zip(names, ("text", "data"), strict=True):
            answer = await self.ask("PUT", f"/documents/{name}", json={"kind": kind})
            assert answer.status_code in (200, 201), answer.text
            sent = self.yjs.program(seed=chance.randrange(10**9), kind=kind, people=3, steps=chance.randint(1, 25))
            async with connect_document(f"{self.server.ws_url}/ws/demo", name, token=token, kind=kind) as client:
                for _, update, _ in sent:
                    await client.socket.send(encode_update(update))
                client.synced.clear()
                await client.socket.send(b"\x00\x00\x01\x00")
                await client.synced.wait()
                # What stock clients write that no document holds is another test's matter.
                with suppress(Refused):
                    await client.saved()
        return names

    def _calls(self, before: Documents, chance: random.Random, names: tuple[str, str]) -> list[Call]:
        now, calls = before.copy(), list[Call]()
        for _ in range(chance.randint(1, 6)):
            call = good_call(now, chance, names)
            if call is None or (self.planner == "builtin" and not call.sentence):
                continue
            try:
                carry_out(now, call)
            except CannotBe:
                continue
            calls.append(call)
        if chance.random() < PLANTED_SHARE:
            for _ in range(chance.randint(1, 2)):
                bad = planted(chance, names)
                if self.planner == "model" or bad.sentence:
                    bad = Call(bad.name, bad.given, bad.sentence, bad.raw, is_planted=True)
                    calls.insert(chance.randint(0, len(calls)), bad)
        return calls

    async def _instruct(
        self, number: int, calls: list[Call], before: Documents, chance: random.Random, names: tuple[str, str]
    ) -> dict[str, Any]:
        if self.planner == "model":
            self.scripts.scripts[number] = drawn(before, calls, chance)
            return await self.verdict_of(f"Task {number}: do it", names)
        return await self.verdict_of("; ".join(call.sentence for call in calls) or "look at it", names)

    async def verdict_of(self, text: str, names: tuple[str, ...], **more: Any) -> dict[str, Any]:
        """Ask for something, having seen everything; return how it ended, or `held`."""
        head = (await self.ask("GET", f"/documents/{names[0]}", params={"format": "update"})).headers["x-folkmoot-seq"]
        scope = {} if "kind" in more else {"scope": [{"doc": name} for name in names]}
        body = {"text": text, "seen": int(head), **scope, **more}
        answer = await self.ask("POST", "/intents", params={"wait": "1"}, json=body)
        assert answer.status_code == 202, answer.text
        told = answer.json()
        if not told.get("verdict"):
            told = await until(
                lambda: self._entry(told["id"]),
                lambda entry: entry.get("verdict") or entry["state"] == "held",
                seconds=WAIT_SECONDS,
            )
        if not told.get("verdict"):
            return {"state": "held", "intent": told["id"]}
        return dict(told["verdict"])

    async def _entry(self, intent: str) -> dict[str, Any]:
        entry: dict[str, Any] = (await self.ask("GET", f"/intents/{intent}")).json()
        return entry

    # ------------------------------------------------------------ taking back

    async def _take_back(
        self,
        number: int,
        seed: int,
        verdict: dict[str, Any],
        names: tuple[str, str],
        before: Documents,
        after: Documents,
    ) -> None:
        chance = random.Random(f"undo {seed} {number}")
        allowed = [before]
        if self.planner == "builtin" and chance.random() < OVER_SHARE:
            replaced = await self._replace_again(before, after, names, chance)
            allowed = [before, after, replaced] if replaced is not None else allowed
        undone = await self.verdict_of("", names, kind="undo", refs=[verdict["commit"]])
        now = await self.read(names)
        where = f"run {number} of seed {seed}: undo {undone}"
        self.tally.count(f"undo {undone['state']} {undone.get('code', '')}".strip())
        if undone["state"] != "done":
            assert same(now, allowed[-1] if len(allowed) > 1 else after), f"{where}: it changed something all the same"
            if undone["state"] == "held":
                ended = await self.verdict_of("", names, kind="cancel", refs=[undone["intent"]])
                assert ended["state"] == "done", f"{where}: {ended}"
        elif "Not taken back" not in undone["reason"]:
            told = "\n".join(map(str, allowed))
            assert any(same(now, one) for one in allowed), f"{where}: a blend\n{now}\nis none of\n{told}"

    async def _replace_again(
        self, before: Documents, after: Documents, names: tuple[str, str], chance: random.Random
    ) -> Documents | None:
        """Let another instruction replace all that the first has written in the text; None where nothing is to be."""
        new = [word for word in set(after.text.split()) - set(before.text.split()) if after.text.count(word) == 1]
        new = [word for word in new if '"' not in word and "\\" not in word and "\ufffc" not in word]
        if not new:
            return None
        word = chance.choice(sorted(new))
        other = await self.verdict_of(f'replace "{word}" with "ZEBRA" in {names[0]}', names)
        if other["state"] != "done":
            return None
        return await self.read(names)


def unescaped(value: Any) -> Any:
    """Return a value under the keys it is stored with: an object that looks like a tag is read with one more `~`."""
    match value:
        case dict():
            found = {key: unescaped(part) for key, part in value.items()}
            only = next(iter(found)) if len(found) == 1 else ""
            return {only[1:]: found[only]} if only.startswith("~~") else found
        case list():
            return [unescaped(part) for part in value]
        case _:
            return value


def same(one: Documents, other: Documents) -> bool:
    """Tell whether two readings are the same; numbers as floats, which all of them are to Yjs."""
    return one.text == other.text and floats(one.values) == floats(other.values)


def floats(value: Any) -> Any:
    """Return a value with its numbers as floats, and no truth taken for a number."""
    match value:
        case bool():
            return ("truth", value)
        case int() | float():
            return float(value)
        case {"~bigint": str() as whole} if len(value) == 1 and whole.lstrip("-").isdecimal():
            return float(whole)
        case dict():
            return {key: floats(part) for key, part in value.items()}
        case list():
            return [floats(part) for part in value]
        case _:
            return value


@asynccontextmanager
async def checker(server: Running, yjs: Oracle, planner: str, scripts: Scripts) -> AsyncIterator[Checker]:
    """Yield a checker that speaks as the owner over HTTP."""
    headers = {"authorization": f"Bearer {await server.token('Olga', 'owner')}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        yield Checker(server, http, yjs, planner, scripts)
