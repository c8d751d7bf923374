"""A random story: three people, two tabs each, three documents; then what each did against what the server holds.

Every character that is typed is one that is typed nowhere else, so it does not matter where it lands, and each is
looked for by itself: in its document, once; or, where a rule refused it, among what is set aside. Every instruction
that was sent is in the log, once; every half-written one is in a composer, or kept for the next page. Where a page said
"saved" in the moment in which the server was killed, what had been typed is on its disk before any page comes back.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Error, Page

from tests.support.relay import Relay
from tests.support.until import NotInTime, until
from tests.web.loss.stage import Person, Stage

NAMES = ("Ana", "Ben", "Cem")
DOCS = ("plan", "notes", "ideas")
FIRST = 0x4E00
SETTLE_SECONDS = 60.0
READY_MS = 30_000
SAVED = "saved"
# A page has had the time to draw what it says.
DRAWN = "() => new Promise((resolve) => setTimeout(resolve, 100))"
# Faults that a story must notice, as they are planted in the page as it is built: what stands there, and what instead.
PLANTS = {
    "says saved at once": ("return this.inserted.isEmpty&&this.deleted.isEmpty", "return true"),
    "keeps no documents": ("if(this.db&&", "if(!this&&"),
    "keeps no lane and no half instruction": ("this.cupboard.setItem(this.prefix+", "(()=>{})(this.prefix+"),
}
KEPT_PAGE = """async () => {
    const named = [...document.querySelectorAll('[href*=assets], [src*=assets]')].map((one) => one.href || one.src)
    const kept = async () => (await Promise.all(named.map((one) => caches.match(one)))).every(Boolean)
    const keys = async () => (await caches.open('folkmoot-page-1')).keys()
    const page = async () => (await keys()).some(({ url }) => url.endsWith('/w/'))
    while (!(await kept()) || !(await page())) await new Promise((resolve) => setTimeout(resolve, 50))
}"""
# How often each act is chosen.
ACTS = {
    "types": 12, "writes": 3, "sends": 4, "switches": 5, "reloads": 3, "closes": 2,
    "cuts": 3, "restores": 4, "kills": 1, "renews": 1, "forbids": 1, "allows": 2,
}  # fmt: skip


@dataclass(slots=True)
class Told:
    """What people did: characters by document, instructions, halves, and what a page called saved."""

    typed: dict[str, list[str]] = field(default_factory=lambda: {doc: [] for doc in DOCS})
    by: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    halves: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Story:
    """One story on a stage, by its seed."""

    def __init__(
        self,
        stage: Stage,
        seed: int,
        *,
        acts: int = 40,
        people: int = 3,
        tabs: int = 2,
        plant: tuple[str, str] | None = None,
    ) -> None:
        self.stage = stage
        stage.stories += 1
        self.ws = f"story-{seed}-{stage.stories}"
        self.told = Told()
        self.log: list[str] = []
        self._random = random.Random(seed)
        self._count, self._names, self._tabs_each = acts, NAMES[:people], tabs
        self._plant = plant
        self._next = FIRST
        self._people: list[Person] = []
        self._forbidden: set[tuple[str, str]] = set()

    # ------------------------------------------------------------ the frame

    async def play(self) -> list[str]:
        """Play it and return what was lost or was not so; nothing where all is well."""
        content = {doc: {"kind": "text"} for doc in DOCS}
        await self.stage.ask("POST", "/api/workspaces", {"id": self.ws, "documents": dict.fromkeys(content, "text")})
        try:
            for name in self._names:
                self._people.append(await self._enter(name))
            for _ in range(self._count):
                await self._act()
            await self._settle()
            await self._compare()
        finally:
            for person in self._people:
                await person.context.close()
                await person.network.__aexit__(None, None, None)
        return self.told.faults

    async def _enter(self, name: str) -> Person:
        network = await Relay(self.stage.port).__aenter__()
        context = await self.stage.browser.new_context(viewport={"width": 1000, "height": 700})
        if self._plant is not None:
            await context.route("**/assets/index-*.js", self._planted)
        person = Person(name, network, context, await self._token(name))
        for _ in range(self._tabs_each):
            await self._open_tab(person)
        # From here on the page opens without the server, too.
        await person.tabs[0].evaluate(KEPT_PAGE)
        return person

    async def _planted(self, route: Any) -> None:
        """Hand the page out with a fault in it."""
        assert self._plant is not None
        answer = await route.fetch()
        source = await answer.text()
        assert self._plant[0] in source, f"the built page has no {self._plant[0]!r} to plant a fault in"
        await route.fulfill(response=answer, body=source.replace(*self._plant))

    async def _token(self, name: str) -> str:
        answer = await self.stage.ask("POST", f"/api/workspaces/{self.ws}/tokens", {"actor": name, "role": "editor"})
        return str(answer["token"])

    async def _open_tab(self, person: Person) -> None:
        page = await person.context.new_page()
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        page.on("pageerror", lambda error: self.told.faults.append(f"{person.name}'s page broke: {error}"))
        await page.goto(person.link(self.ws))
        await self._ready(page)
        person.tabs.append(page)

    # ------------------------------------------------------------ acts

    async def _act(self) -> None:
        what = self._random.choices(list(ACTS), list(ACTS.values()))[0]
        person = self._random.choice(self._people)
        tab = self._random.choice(person.tabs)
        self.log.append(f"{person.name}/{person.tabs.index(tab)} {what}")
        deeds: dict[str, Callable[[Person, Page], Awaitable[None]]] = {
            "types": self._types, "writes": self._writes, "sends": self._sends, "switches": self._switches,
            "reloads": self._reloads, "closes": self._closes, "cuts": self._cuts, "restores": self._restores,
            "kills": self._kills, "renews": self._renews, "forbids": self._forbids, "allows": self._allows,
        }  # fmt: skip
        is_open = await tab.get_by_test_id("editor").count()
        if is_open or what not in ("types", "writes", "sends", "switches"):
            await deeds[what](person, tab)

    def _characters(self, count: int) -> str:
        text = "".join(chr(self._next + at) for at in range(count))
        self._next += count
        return text

    async def _types(self, person: Person, tab: Page) -> None:
        editor = tab.get_by_test_id("editor")
        if not await editor.count() or await editor.get_attribute("aria-readonly") == "true":
            return
        doc = await self._doc(tab)
        await editor.focus()
        for _ in range(self._random.randrange(3)):
            await tab.keyboard.press(self._random.choice(("ArrowUp", "ArrowDown", "Home", "End", "Enter")))
        for char in self._characters(self._random.randrange(1, 8)):
            # The page may have become read-only under the typist's hands: only what it shows was typed.
            before = await self._shows(tab)
            await tab.keyboard.insert_text(char)
            if char in await self._shows(tab) or len(before) > 2_000:
                self.told.typed[doc].append(char)
                self.told.by[char] = person.name

    async def _writes(self, person: Person, tab: Page) -> None:
        composer = tab.get_by_test_id("composer")
        if not await composer.is_enabled():
            return
        await composer.focus()
        await tab.keyboard.press("End")
        half = self._characters(2)
        await tab.keyboard.insert_text(half)
        if half in await composer.input_value():
            self.told.halves[half] = person.name

    async def _sends(self, person: Person, tab: Page) -> None:
        composer = tab.get_by_test_id("composer")
        if not await composer.is_enabled():
            return
        if not await composer.input_value():
            await composer.focus()
            await tab.keyboard.insert_text(f'append "{self._characters(1)}" to {self._random.choice(DOCS)}')
        words = (await composer.input_value()).strip()
        await tab.keyboard.press("Control+Enter")
        if words and not await composer.input_value():
            self.told.sent.append(words)
            for half in [half for half in self.told.halves if half in words]:
                del self.told.halves[half]

    async def _switches(self, person: Person, tab: Page) -> None:
        await tab.get_by_test_id("doc-tab").get_by_text(self._random.choice(DOCS), exact=True).click()

    async def _reloads(self, person: Person, tab: Page) -> None:
        await tab.reload()
        await self._ready(tab)

    async def _ready(self, tab: Page) -> None:
        """Wait until a page is open; with a link that no server has seen yet it opens when there is one."""
        editor, not_opened = tab.get_by_test_id("editor"), tab.get_by_test_id("not-opened")
        await editor.or_(not_opened).wait_for(timeout=READY_MS)

    async def _closes(self, person: Person, tab: Page) -> None:
        person.tabs.remove(tab)
        await tab.close()
        await self._open_tab(person)

    async def _cuts(self, person: Person, tab: Page) -> None:
        person.cut()

    async def _restores(self, person: Person, tab: Page) -> None:
        person.network.is_open = True

    async def _kills(self, person: Person, tab: Page) -> None:
        """Kill the server; what was called saved in that moment must be on its disk before any page comes back."""
        self.stage.freeze()
        for one in self._people:
            await self._types(one, self._random.choice(one.tabs))
        await asyncio.gather(*(one.evaluate(DRAWN) for one in self._tabs()))
        said = await asyncio.gather(*(self._said_saved(one) for one in self._tabs()))
        await self.stage.kill()
        were_cut = [one for one in self._people if not one.network.is_open]
        for one in self._people:
            one.cut()
        await self.stage.start()
        held = {doc: await self._held(doc) for doc in DOCS}
        for doc, chars in filter(None, said):
            for char in chars - set(held[doc]):
                self.told.faults.append(
                    f"{char} of {self.told.by[char]} was called saved in {doc} and is not on the disk"
                )
        for one in self._people:
            if one not in were_cut:
                one.network.is_open = True

    async def _said_saved(self, tab: Page) -> tuple[str, set[str]] | None:
        """Return what a page that says "saved" shows of what its people typed, read in one moment."""
        status, doc, text = await tab.evaluate(
            """() => [
                document.querySelector('[data-testid=connection]')?.innerText.trim(),
                document.querySelector('[data-testid=doc-tab][aria-current=page]')?.innerText.trim(),
                document.querySelector('[data-testid=editor]')?.innerText ?? '',
            ]"""
        )
        return (doc, {char for char in text if char in self.told.by}) if status == SAVED and doc in DOCS else None

    async def _renews(self, person: Person, tab: Page) -> None:
        """Their link ends; a new one is opened in the tabs that are there."""
        await self.stage.ask("POST", f"/api/workspaces/{self.ws}/revoke", {"token_id": person.token.split("_")[1]})
        person.token = await self._token(person.name)
        for one in person.tabs:
            await one.evaluate("(token) => { location.hash = `token=${token}` }", person.token)

    async def _forbids(self, person: Person, tab: Page) -> None:
        doc = self._random.choice(DOCS)
        self._forbidden.add((doc, person.name))
        await self._rule(doc)

    async def _allows(self, person: Person, tab: Page) -> None:
        for doc in {doc for doc, _ in self._forbidden}:
            self._forbidden = {pair for pair in self._forbidden if pair[0] != doc}
            await self._rule(doc)

    async def _rule(self, doc: str) -> None:
        rules = [{"actor": name, "role": "viewer"} for one, name in sorted(self._forbidden) if one == doc]
        await self.stage.ask("PUT", f"/api/workspaces/{self.ws}/rights", {"places": {doc: rules}})

    # ------------------------------------------------------------ what is read

    def _tabs(self) -> list[Page]:
        return [tab for person in self._people for tab in person.tabs]

    async def _doc(self, tab: Page) -> str:
        return (await tab.locator("[data-testid=doc-tab][aria-current=page]").inner_text()).strip()

    async def _shows(self, tab: Page) -> str:
        return str(await tab.get_by_test_id("editor").inner_text())

    async def _held(self, doc: str) -> str:
        return str(await self.stage.ask("GET", f"/api/workspaces/{self.ws}/documents/{doc}?format=text"))

    async def _kept(self, person: Person) -> str:
        """Return all that a person's browser keeps beside the documents, and all that their composers hold."""
        parts = []
        for tab in person.tabs:
            parts.append(json.dumps(await tab.evaluate("() => ({ ...localStorage })"), ensure_ascii=False))
            parts.append(await tab.get_by_test_id("composer").input_value())
        return "\n".join(parts)

    async def _settle(self) -> None:
        """Bring everybody back and wait until no page has anything that the server has not."""
        for person in self._people:
            person.network.is_open = True
        waiting = self._tabs()

        async def are_done() -> bool:
            waiting[:] = [tab for tab in waiting if not await self._is_done(tab)]
            return not waiting

        with suppress(NotInTime):
            await until(are_done, seconds=SETTLE_SECONDS)
        for tab in waiting:
            status = await tab.get_by_test_id("connection").inner_text()
            pending = await tab.get_by_test_id("pending").count()
            self.told.faults.append(f"a page does not come to rest: {status.strip()!r}, {pending} pending")

    async def _is_done(self, tab: Page) -> bool:
        try:
            is_done: bool = await tab.evaluate(
                """() => document.querySelector('[data-testid=connection]')?.innerText.trim() === 'saved'
                    && !document.querySelector('[data-testid=pending]')
                    && !Object.keys(localStorage).some((key) => key.includes(':unsaved:'))"""
            )
        except Error:  # it is being loaded
            return False
        return is_done

    async def _compare(self) -> None:
        faults = self.told.faults
        kept = {person.name: await self._kept(person) for person in self._people}
        for doc, chars in self.told.typed.items():
            held = Counter(await self._held(doc))
            for char in chars:
                if held[char] > 1:
                    faults.append(f"{char} of {self.told.by[char]} stands {held[char]} times in {doc}")
                elif not held[char] and char not in kept[self.told.by[char]]:
                    faults.append(f"{char} of {self.told.by[char]} in {doc} is lost")
        intents = await self._intents()
        for words in self.told.sent:
            own = {char for char in words if ord(char) >= FIRST}
            # What the server does not take is shown to its author, and kept.
            if intents[words] > 1 or (not intents[words] and not any(own <= set(text) for text in kept.values())):
                faults.append(f"{words!r} is in the log {intents[words]} times")
        for half, name in self.told.halves.items():
            if half not in kept[name]:
                faults.append(f"{name}'s half-written {half!r} is lost")

    async def _intents(self) -> Counter[str]:
        lines = await self.stage.ask("GET", f"/api/workspaces/{self.ws}/log?kind=intent")
        records = [json.loads(line) for line in lines.splitlines() if line]
        return Counter(record["body"]["text"] for record in records if record["body"].get("kind", "do") == "do")
