"""What JavaScript puts into a shared document: it is kept or refused by itself, and costs nothing else."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.editors.house import DOCUMENTS, Space, agree
from tests.editors.peer import Crowd, Peer

pytestmark = [pytest.mark.stock, pytest.mark.asyncio(loop_scope="package")]
SETTLED = 8.0


@dataclass(frozen=True)
class Case:
    """What somebody does in a document. `kept` must be true for everybody afterwards, its author included."""

    doc: str
    code: str
    kept: str = "true"


def value(expression: str, kept: str = "root.has('x')") -> Case:
    return Case("budget", f"root.set('x', {expression})", kept)


def refused(expression: str) -> Case:
    return value(expression, "!root.has('x')")


# Shared types go 32 deep: what lies deeper disappears, the rest is kept.
SHALLOW = "(() => { let deep = 0; for (let m = root.get('x'); m; m = m.get('a')) deep += 1; return deep === 32 })()"


def nested(depth: int, empty: str, wrap: str) -> str:
    return f"(() => {{ let v = {empty}; for (let i = 0; i < {depth}; i++) {{ {wrap} }} return v }})()"


def maps(depth: int, kept: str) -> Case:
    """Maps in maps, made from the outside: Yjs itself cannot take a thousand at once."""
    dig = f"let m = root.set('x', new Y.Map()); for (let i = 1; i < {depth}; i++) m = m.set('a', new Y.Map())"
    return Case("budget", f"doc.transact(() => {{ {dig} }})", kept)


def elements(depth: int) -> str:
    wrap = "const outer = new Y.XmlElement('a'); outer.insert(0, [v]); v = outer"
    return nested(depth, "new Y.XmlElement('a')", wrap)


def typed(code: str, kept: str = "true") -> Case:
    """Somebody writes into the text `x😀y😀z`."""
    return Case("plan", f"root.insert(0, 'x😀y😀z'); undoManager.stopCapturing(); {code}", kept)


def sized(size: int, *, brought: bool) -> Case:
    """A large paste while connected, or brought along from an offline spell."""
    paste = f"root.insert(0, 'lorem ipsum '.repeat({size // 12}))"
    code = f"provider.disconnect(); {paste}; provider.connect()" if brought else paste
    return Case("plan", code, f"root.length > {size - 12}")


def presence(state: str) -> Case:
    return Case("plan", f"provider.awareness.setLocalStateField('user', {state})")


CASES = {
    "NaN": value("NaN"),
    "Infinity": value("Infinity"),
    "-Infinity": value("-Infinity"),
    "undefined": value("undefined"),
    "a bigint of 63 bits": value("2n ** 63n - 1n"),
    "the smallest bigint": value("-(2n ** 63n)"),
    "a bigint beyond doubles": value("9007199254740993n"),
    "minus zero": value("-0"),
    "NaN within": value("{ a: [1, NaN, { b: -Infinity }] }"),
    "bytes": value("new Uint8Array([0, 255, 128, 10])"),
    "bytes within": value("{ a: [new Uint8Array([0, 255])] }"),
    "a date": value("new Date(0)"),
    "a text": value("new Y.Text('hi')"),
    "an array of types": value("Y.Array.from([new Y.Map([['a', 1]]), NaN, new Y.Text('😀')])"),
    "an element": value("new Y.XmlElement('p')"),
    "a fragment": value("new Y.XmlFragment()"),
    "an xml text": value("new Y.XmlText('hi')"),
    "maps 16 deep": maps(16, "root.has('x')"),
    "half an emoji": value("'a\\ud83db'"),
    "an empty key": Case("budget", "root.set('', 1)", "root.has('')"),
    "__proto__": Case("budget", "root.set('__proto__', 1)", "root.has('__proto__')"),
    "__proto__ within": value("JSON.parse('{\"__proto__\": 1}')"),
    "maps 64 deep": maps(64, SHALLOW),
    "maps 1000 deep": maps(1000, SHALLOW),
    "JSON 70 deep": refused(nested(70, "1", "v = [v]")),
    "an object 40 deep": refused(nested(40, "1", "v = { a: v }")),
    "a subdocument": refused("new Y.Doc()"),
    "a hook": Case("notes", "root.insert(0, [new Y.XmlHook('x')])", "root.length === 0"),
    "elements 40 deep": Case(
        "notes", f"root.insert(0, [{elements(40)}])", "root.toString().split('<a>').length === 33"
    ),
    "elements 16 deep": Case("notes", f"root.insert(0, [{elements(15)}])", "root.length === 1"),
    "another root": Case("plan", "doc.getMap('other').set('x', NaN)", "doc.getMap('other').has('x')"),
    "a subdocument in another root": Case(
        "plan", "doc.getMap('other').set('x', new Y.Doc())", "!doc.getMap('other').has('x')"
    ),
    "an object 40 deep in another root": Case(
        "plan", f"doc.getMap('other').set('x', {nested(40, '1', 'v = {a: v}')})", "!doc.getMap('other').has('x')"
    ),
    "1.2 MB pasted": sized(1_200_000, brought=False),
    "3 MB pasted": sized(3_000_000, brought=False),
    "1.2 MB brought along": sized(1_200_000, brought=True),
    "3 MB brought along": sized(3_000_000, brought=True),
    "8 KB of presence": presence("{ name: 'Ana', avatar: 'A'.repeat(8000) }"),
    "200 KB of presence": presence("{ name: 'Ana', avatar: 'A'.repeat(200000) }"),
    "half an emoji in presence": presence("{ name: 'Ana', mood: 'a\\ud83d' }"),
    "half an emoji deleted": typed("root.delete(1, 1)"),
    "the other half deleted": typed("root.delete(2, 1)"),
    "half of each deleted": typed("root.delete(2, 3)"),
    "half an emoji deleted and undone": typed("root.delete(1, 1); undoManager.undo()"),
    "half an emoji deleted, undone and redone": typed("root.delete(1, 1); undoManager.undo(); undoManager.redo()"),
    "half an emoji replaced": typed("doc.transact(() => { root.delete(2, 1); root.insert(2, '\\ude01') })"),
    "a letter between the halves": typed("root.insert(2, 'A')"),
    "half an emoji in bold": typed("root.format(1, 1, { bold: true })"),
    "an image between the halves": typed("root.insertEmbed(2, { image: 'x.png' })"),
    "images": typed(
        "for (const at of [4, 3, 0]) root.insertEmbed(at, { image: 'x.png' }); root.format(0, 2, { b: true })"
    ),
    "a line end of two": typed("root.insert(1, '\\r\\n')"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_it_is_kept_or_refused_by_itself_and_everything_else_goes_on(
    space: Space, crowd: Crowd, case: Case
) -> None:
    async with AsyncExitStack() as stack:
        ana, ben = [await stack.enter_async_context(crowd.seat(space, who, case.doc)) for who in ("Ana", "Ben")]
        await ana.do(before(case.doc))
        await agree(space, case.doc, (ana, ben))
        await ana.do(case.code)
        await ana.do(later(case.doc, "ana"))
        await ben.do(later(case.doc, "ben"))
        for peer in (ana, ben):
            await peer.until(both(case.doc), seconds=SETTLED)
            await peer.until(case.kept, seconds=SETTLED)
        await agree(space, case.doc, (ana, ben), seconds=SETTLED)
        assert await ana.desk("desk.closes") == [] or "disconnect" in case.code, await ana.report()
        await instructions(space, case.doc, ben)
        newcomer = await stack.enter_async_context(crowd.seat(space, "Cy", case.doc))
        await agree(space, case.doc, (newcomer, ana, ben), seconds=SETTLED)
        assert await newcomer.desk(case.kept)


async def test_all_of_it_stands_after_the_server_was_killed(space: Space, crowd: Crowd) -> None:
    """Each case in a document of its own, all in one workspace; its log is read again from the start."""
    async with AsyncExitStack() as stack:
        seats: list[tuple[Case, str, Peer]] = []
        for number, case in enumerate(CASES.values()):
            name, kind = f"{case.doc}-{number}", DOCUMENTS[case.doc]
            made = await space.ask("PUT", f"/{space.ws}/documents/{name}", json={"kind": kind})
            assert made.status_code == 201, made.text
            ana = await stack.enter_async_context(crowd.seat(space, "Ana", name, kind=kind))
            await ana.do(f"{before(case.doc)}; {case.code}")
            await ana.do(later(case.doc, "ana"))
            seats.append((case, name, ana))
        held = {name: await agree(space, name, (ana,)) for _, name, ana in seats}
        await space.house.kill()
        await space.house.start()
        for case, name, ana in seats:
            await ana.connected()
            async with crowd.seat(space, "Cy", name, kind=DOCUMENTS[case.doc]) as newcomer:
                assert await agree(space, name, (newcomer, ana)) == held[name]
                assert await newcomer.desk(case.kept), name
        await space.done("set budget.x2 to 5", "budget")
        await space.done('append "hello" to plan', "plan")


def before(doc: str) -> str:
    """Something stands there already."""
    return {
        "plan": "root.insert(0, '\\nbring boots\\n'); undoManager.clear()",
        "budget": "root.set('food', 420)",
        "notes": "undoManager.clear()",
    }[doc]


def later(doc: str, word: str) -> str:
    """Return what somebody writes afterwards."""
    return {
        "plan": f"root.insert(root.length, '({word})')",
        "budget": f"root.set('{word}', true)",
        "notes": f"doc.getMap('later').set('{word}', true)",
    }[doc]


def both(doc: str) -> str:
    """Return an expression: what both wrote afterwards is there."""
    return {
        "plan": "root.toString().includes('(ana)') && root.toString().includes('(ben)')",
        "budget": "root.has('ana') && root.has('ben')",
        "notes": "doc.getMap('later').has('ana') && doc.getMap('later').has('ben')",
    }[doc]


async def instructions(space: Space, doc: str, peer: Peer) -> None:
    """The agent commits in this document and in the others, exactly where it was told to."""
    await space.done("set budget.x2 to 5", "budget")
    if doc == "plan":
        written = await peer.desk("root.toDelta()")
        await space.done('replace "boots" with "shoes" in plan', "plan")
        await space.done('insert " HERE" after "shoes" in plan', "plan")
        await peer.until("root.toString().includes('shoes HERE')")
        expected = [{**run, "insert": replaced(run["insert"])} for run in written]
        assert await peer.desk("root.toDelta()") == expected
    else:
        await space.done('append "hello" to plan', "plan")
    if doc == "budget":
        await peer.until("root.get('x2') === 5")


def replaced(insert: object) -> object:
    return insert.replace("boots", "shoes HERE") if isinstance(insert, str) else insert
