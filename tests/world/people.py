"""What happens in the world, one step at a time: people type, instruct, answer, leave; machines fail."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Protocol

import msgspec

from tests.world.deeds import Deed
from tests.world.network import Wire
from tests.world.person import Person
from tests.world.post import RECEIVERS

KEYS = ("a", "b", "c")
DAY = 86_400.0
SEND_SHARE, EXPECT_SHARE, DUEL_SHARE, ELSEWHERE_SHARE = 0.15, 0.12, 0.12, 0.1
OPEN_ENDS = ("suggested", "branched")


class Stage(Protocol):
    """What the crowd needs of its world."""

    chance: random.Random
    people: list[Person]
    stock: Any
    clock: Any
    monitor: Any
    host: Any

    def note(self, what: str) -> None:
        """Keep what happened."""

    def crash(self, host: Any) -> None:
        """End a server process."""

    def die(self, host: Any) -> None:
        """End a server process that is alive, and start another soon."""

    def boot_again(self) -> None:
        """Start a server process where none is up."""


class Crowd:
    """Draws the next thing to happen from the world's seed."""

    def __init__(self, world: Stage) -> None:
        self.world = world
        self.chance = world.chance
        self._words = 10

    def step(self) -> None:
        """Let one thing happen."""
        person = self.chance.choice(self.world.people)
        if any(_is_merge(question) for question in person.questions.values()) and self.chance.random() < 0.5:
            self._answer(person, [record["body"] for record in person.records if record["kind"] == "intent"])
            return
        draw = self.chance.random()
        if draw < 0.28:
            self._type(person)
        elif draw < 0.62:
            self._instruct(person)
        elif draw < 0.80:
            self._act(person)
        elif draw < 0.88:
            self._mishap(person)
        elif draw < 0.92:
            self._machine()
        elif draw < 0.94:
            self.world.stock.type(self._word("h"))
        elif draw < 0.97:
            person.compose()
        elif draw < 0.99:
            person.say_again()
        else:
            person.equivocate()

    def _word(self, kind: str) -> str:
        self._words += 1
        return f"{kind}{self._words}"

    def _type(self, person: Person) -> None:
        if person.role == "commenter":
            return
        draw = self.chance.random()
        if draw < 0.3:
            person.type_line(self._word("h"))
        elif draw < 0.6:
            person.touch_line(remove=draw < 0.4)
        else:
            person.set_cell(self.chance.choice(KEYS), None if draw > 0.92 else self._value())

    def _value(self) -> int:
        self._words += 1
        return self.chance.randrange(250) * 1000 + self._words

    # ------------------------------------------------------------ instructions

    def _deed(self, person: Person) -> Deed:
        """Draw a wish about what the person sees; now and then somebody outside shall be told when it is done."""
        deed = self._wish(person)
        send = self.chance.choice(list(RECEIVERS)) if self.chance.random() < SEND_SHARE else ""
        return msgspec.structs.replace(deed, send=send)

    def _wish(self, person: Person) -> Deed:
        chance = self.chance
        name: Any = chance.choices(
            ("set", "add", "derive", "rewrite", "remove", "append", "ask", "refuse"), (5, 3, 3, 4, 2, 2, 1, 0.5)
        )[0]
        seconds = chance.choice((0.05, 0.5, 2.0, 8.0, 8.0, 25.0, 200.0 if chance.random() < 0.05 else 4.0))
        faults = chance.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 3))
        goal = chance.choice(("", "", "", "+tone", "-tone"))
        if name in ("set", "ask"):
            return Deed(name, key=chance.choice(KEYS), value=self._value(), goal=goal, seconds=seconds, faults=faults)
        if name == "add":
            return Deed(name, key=chance.choice(KEYS), value=chance.randrange(1, 90), seconds=seconds, faults=faults)
        if name == "derive":
            key, of = chance.sample(KEYS, 2)
            return Deed(name, key=key, of=of, value=chance.randrange(9), goal=goal, seconds=seconds, faults=faults)
        if name in ("rewrite", "remove"):
            words = (line.split("+")[0] for line in self._lines(person))
            lines = [word for word in words if word]
            line = chance.choice(lines) if lines else "h0"
            word = self._word("a") if name == "rewrite" else ""
            return Deed(name, line=line, word=word, goal=goal, seconds=seconds, faults=faults)
        if name == "append":
            return Deed(name, word=self._word("n"), goal=goal, seconds=seconds, faults=faults)
        return Deed(name, seconds=seconds)

    def _instruct(self, person: Person) -> None:
        """Begin to write, and send some seconds later."""
        if person.composing is not None:
            return
        if self.chance.random() < DUEL_SHARE:
            self._duel(person)
            return
        self._begin(person, self._deed(person))

    def _duel(self, person: Person) -> None:
        """Let two people ask at once for one place, or for two cells that together may be too much."""
        other = self.chance.choice(self.world.people)
        if other is person or other.composing is not None:
            return
        draw, seconds = self.chance.random(), self.chance.choice((0.5, 2.0, 8.0))
        keys = self.chance.sample(KEYS, 2) if draw < 0.35 else [self.chance.choice(KEYS)] * 2
        words = [word for word in (line.split("+")[0] for line in self._lines(person)) if word]
        line = self.chance.choice(words) if words else "h0"
        for one, key in zip((person, other), keys, strict=True):
            if draw < 0.75:
                value = self._half(person, keys) if len(set(keys)) > 1 else self._value()
                deed = Deed("set", key=key, value=value, seconds=seconds)
            else:
                deed = Deed("rewrite", line=line, word=self._word("a"), seconds=seconds)
            self._begin(one, deed)

    def _half(self, person: Person, keys: list[str]) -> int:
        """Return somewhat more than half of what the rule leaves to two cells."""
        cells = person.copies["budget"].document.value()
        rest = [value for key, value in cells.items() if key not in keys] if isinstance(cells, dict) else []
        self._words += 1
        return int(0.55 * max(self.world.monitor.limit - sum(rest), 1_000.0)) + self._words

    def _lines(self, person: Person) -> list[str]:
        return person.copies["plan"].document.text().split("\n")

    def _begin(self, person: Person, deed: Deed) -> None:
        scope: dict[str, Any] = {}
        if deed.key and self.chance.random() < 0.5:
            scope = {"scope": [{"doc": "budget", "keys": [[deed.key]]}]}
        elif not deed.key and self.chance.random() < 0.3:
            scope = {"scope": [{"doc": "plan"}]}
        elif self.chance.random() < ELSEWHERE_SHARE:
            other = self.chance.choice(KEYS)
            scope = {"scope": [{"doc": "plan"} if deed.key else {"doc": "budget", "keys": [[other]]}]}
        if self.chance.random() < EXPECT_SHARE:
            scope["expects"] = [self._expectation(person)]
        if self.chance.random() < 0.04:
            scope["deadline"] = self.world.clock.now() + self.chance.uniform(1.0, 30.0)
        person.compose()
        self.world.note(f"{person.actor} begins: {deed.text()}")
        types_first = self.chance.random() < 0.25

        def send() -> None:
            if types_first and person.role != "commenter":
                person.set_cell(self.chance.choice(KEYS), self._value())
            person.submit("do", deed.text(), **scope)

        asyncio.get_running_loop().call_later(self.chance.uniform(0.0, 6.0), send)

    def _expectation(self, person: Person) -> dict[str, Any]:
        """Draw what an instruction counts on: mostly what its author sees, of a cell or of the whole text."""
        if self.chance.random() < 0.2:
            return {"doc": "plan", "path": [], "equals": person.copies["plan"].document.text()}
        key = self.chance.choice(KEYS)
        cells = person.copies["budget"].document.value()
        seen = cells.get(key) if isinstance(cells, dict) else None
        return {"doc": "budget", "path": [key], "equals": seen if self.chance.random() < 0.85 else self._value()}

    def _act(self, person: Person) -> None:
        """Do something about an intent, a question or a commit that is on screen."""
        chance = self.chance
        ends = person.verdicts
        intents = [record["body"] for record in person.records if record["kind"] == "intent"]
        running = [body for body in intents if body["kind"] in ("do", "override", "undo", "approve")]
        live = [body for body in running if body["id"] not in ends]
        draw = chance.random()
        if person.questions and draw < 0.45:
            self._answer(person, intents)
        elif live and draw < 0.52:
            person.submit("cancel", refs=self._some([body["id"] for body in live]))
        elif running and draw < 0.62:
            target = chance.choice(live[-3:] or running[-3:])["id"]
            self._at(person, target)
            refs = [target] if chance.random() < 0.8 else [target, *self._some([body["id"] for body in running[-3:]])]
            person.submit("override", self._deed(person).text(), refs=refs)
        elif live and draw < 0.7:
            target = chance.choice(live)["id"]
            self._at(person, target)
            more = {"expects": [self._expectation(person)]} if chance.random() < EXPECT_SHARE else {}
            person.submit("do", self._deed(person).text(), refs=[target], **more)
        else:
            self._afterwards(person, running)

    def _answer(self, person: Person, intents: list[dict[str, Any]]) -> None:
        """Answer a question, the own ones first; who is asked whether something final may leave mostly agrees."""
        chance = self.chance
        mine = {body["id"] for body in intents if body["lane"] == person.lane}
        own = [question for question in person.questions.values() if mine & set(question["group"])]
        final = [one for one in person.questions.values() if "cannot be taken back" in one["text"]]
        merges = [one for one in person.questions.values() if _is_merge(one)]
        question = chance.choice(merges or final or own or list(person.questions.values()))
        options = [option["value"] for option in question["options"]] or ["yes"]
        value = "merge" if "merge" in options and chance.random() < 0.7 else chance.choice(options)
        if question in final and chance.random() < 0.7:
            value = options[0]
        person.submit("answer", refs=[question["id"]], value=value)
        if value == "merge":
            self._agree(person, question)

    def _agree(self, person: Person, question: dict[str, Any]) -> None:
        """Let the others who see the question agree to what serves all, now and then."""

        def also(other: Person) -> None:
            if question["id"] in other.questions:
                other.submit("answer", refs=[question["id"]], value="merge")

        for other in self.world.people:
            if other.actor != person.actor and self.chance.random() < 0.7:
                asyncio.get_running_loop().call_later(self.chance.uniform(0.0, 3.0), also, other)

    def _some(self, ids: list[str]) -> list[str]:
        """Return one of these, or two of them, or one twice."""
        draw = self.chance.random()
        if draw < 0.65:
            return [self.chance.choice(ids)]
        return self.chance.choices(ids, k=2) if draw < 0.85 else [self.chance.choice(ids)] * 2

    def _afterwards(self, person: Person, running: list[dict[str, Any]]) -> None:
        suggested = [body["id"] for body in running if person.verdicts.get(body["id"]) in OPEN_ENDS]
        commits = [record["body"]["commit"] for record in person.records if record["kind"] == "commit"]
        if suggested and self.chance.random() < 0.6:
            self._approve(person, self.chance.choice(suggested))
        elif commits:
            person.submit("undo", refs=[self.chance.choice(commits[-4:])])

    def _approve(self, person: Person, target: str) -> None:
        """Approve what was suggested; now and then somebody else does the same a moment later."""
        person.vouch(len(person.records))
        person.submit("approve", refs=[target])
        other = self.chance.choice(self.world.people)

        def also() -> None:
            if other.verdicts.get(target) in ("suggested", "branched"):
                other.vouch(len(other.records))
                other.submit("approve", refs=[target])

        if other is not person and self.chance.random() < 0.4:
            asyncio.get_running_loop().call_later(self.chance.uniform(0.0, 8.0), also)

    def _at(self, person: Person, target: str) -> None:
        seq = next(r["seq"] for r in person.records if r["kind"] == "intent" and r["body"]["id"] == target)
        person.vouch(seq)

    # ------------------------------------------------------------ mishaps

    def _mishap(self, person: Person) -> None:
        """Cut somebody off, for a moment or a day, or let a client lie."""
        chance, loop = self.chance, asyncio.get_running_loop()
        draw = chance.random()
        if draw < 0.3:
            self.world.note(f"{person.actor} is cut off")
            person.cut()
        elif draw < 0.35:
            self._leave_half(person)
        elif draw < 0.7 and not person.is_away:
            person.is_away = True
            person.cut()
            away = chance.choice((2.0, 10.0, 40.0))
            if chance.random() < 0.15:
                self.world.note("a day passes")
                self.world.clock.jumped += DAY
            loop.call_later(away, self._return, person)
        else:
            person.forge(len(self.world.monitor.rows) + 50)

    def _leave_half(self, person: Person) -> None:
        """Send an instruction, lose the edit it builds on, and be gone for a day."""
        if person.is_away or person.role == "commenter" or any(not copy.is_synced for copy in person.copies.values()):
            return
        wires = [copy.wire for copy in person.copies.values()]
        loop = asyncio.get_running_loop()
        self.world.note(f"{person.actor} leaves with half of it sent")
        person.set_cell(self.chance.choice(KEYS), self._value())
        person.submit("do", self._deed(person).text())
        person.is_away = True
        for wire, end in zip(wires, (Wire.close, Wire.cut), strict=True):
            if wire is not None:
                end(wire)
        loop.call_later(30.0, self._pass_a_day)
        loop.call_later(45.0, self._return, person)

    def _pass_a_day(self) -> None:
        self.world.clock.jumped += DAY + 60.0

    def _return(self, person: Person) -> None:
        person.is_away = False
        person.connect()

    def _machine(self) -> None:
        """Kill the server between two of its steps, let another take over while it lives, or move the clock."""
        world, chance = self.world, self.chance
        host = world.host
        draw = chance.random()
        if draw < 0.25:
            world.clock.jumped += chance.choice((-5.0, -0.5, 0.7, 15.0, 300.0))
        elif host is None:
            return
        elif draw < 0.75:
            self._hop(chance.randrange(40), lambda: world.die(host))
        else:
            world.note("another server takes over while the old one lives")
            world.host = None
            asyncio.get_running_loop().call_later(chance.uniform(0.0, 2.0), world.boot_again)
            asyncio.get_running_loop().call_later(chance.uniform(3.0, 20.0), world.crash, host)

    def _hop(self, count: int, call: Any) -> None:
        """Do something some steps of the loop from now, at whatever await that is."""
        loop = asyncio.get_running_loop()
        if count == 0:
            call()
        else:
            loop.call_soon(self._hop, count - 1, call)


def _is_merge(question: dict[str, Any]) -> bool:
    return any(option["value"] == "merge" for option in question["options"])
