"""What comes in is taken, cut or entered as deleted; a stock Yjs, fed what is relayed, holds what the server holds."""

# ruff: noqa: E501  # the JavaScript of one case stays on one line

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from crdt.documents.document import Document
from crdt.documents.intake import Intake, take_in
from crdt.documents.pycrdt_document import DocumentKind
from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set
from crdt.updates.scan import scan_update
from tests.support.oracle import Oracle, stock_yjs

pytestmark = pytest.mark.stock


@pytest.fixture(scope="module")
def yjs() -> Iterator[Oracle]:
    with stock_yjs() as oracle:
        yield oracle


class Server:
    """A document that takes what clients send, and remembers what it relays and what it sends back."""

    def __init__(self, kind: DocumentKind) -> None:
        self.document = Document(kind, client=5)
        self.relayed: list[bytes] = []
        self.removals: list[bytes] = []
        self.intakes: list[Intake] = []

    def send(self, update: bytes, **more: object) -> Intake:
        intake = take_in(self.document, update, scan_update(update), **more)  # type: ignore[arg-type]
        applied = self.document.apply(intake.update, intake.summary)
        if applied is not None:
            self.relayed.append(applied.update)
        if intake.removed:
            self.removals.append(b"\x00" + encode_delete_set(intake.removed))
        self.intakes.append(intake)
        return intake

    @property
    def reasons(self) -> list[str]:
        return [refused.reason for intake in self.intakes for refused in intake.refused]

    def check(self, yjs: Oracle, sent: list[bytes]) -> None:
        """Reader, author, newcomer, reload, journal: all hold the same."""
        document = self.document
        said = yjs.look(document.kind, self.relayed)
        assert not said["pending"]
        newcomer = yjs.look(document.kind, [document.encode()])
        author = yjs.look(document.kind, [*sent, *self.removals, *self.relayed])
        assert newcomer["value"] == said["value"] == author["value"]
        assert newcomer["vector"] == said["vector"] == author["vector"] == document.encode_state_vector()
        reloaded = Document.of_state(document.kind, document.encode(), client=6)
        journal = Document(document.kind, client=7, updates=self.relayed)
        assert reloaded.digest() == journal.digest() == document.digest()
        if document.kind == "text":
            words = [part for part, _ in said["value"]]
            assert document.text() == "".join("\ufffc" if part is None else part for part in words)
            assert document.value() == "".join(part or "" for part in words)


def both(yjs: Oracle, kind: DocumentKind, code: str) -> Server:
    server, sent = Server(kind), yjs.make(code)
    for update in sent:
        server.send(update)
    server.check(yjs, sent)
    return server


DOC = "const doc = new Y.Doc(); doc.clientID = 1e9 + 7; doc.on('update', send); "
TEXT = DOC + "const t = doc.getText('content'); "
DATA = DOC + "const m = doc.getMap('data'); "
RICH = DOC + "const f = doc.getXmlFragment('default'); "

CUTS = {
    "the first half is deleted": "t.insert(0, 'x😀y😀z'); t.delete(1, 1)",
    "the second half is deleted": "t.insert(0, 'x😀y😀z'); t.delete(2, 1)",
    "words between the halves": "t.insert(0, 'x😀y'); t.insert(2, 'M')",
    "a deletion from half to half": "t.insert(0, '😀bc😀'); t.delete(1, 4)",
    "an emoji for an emoji": "t.insert(0, 'x😀y'); t.delete(2, 1); t.insert(2, 'q'); t.insert(0, 'later')",
    "cut twice": "t.insert(0, '😀😀'); t.delete(1, 2); t.insert(1, '😀'); t.delete(2, 1)",
    "in one go": "doc.transact(() => { t.insert(0, 'a😀b'); t.insert(2, 'M'); t.insert(0, '😀'); t.delete(1, 1) })",
    "marked and cut": "t.insert(0, 'x😀y'); t.format(0, 2, {bold: true}); t.insertEmbed(0, {image: 1}); t.delete(2, 1)",
    "beside an embed": "t.insert(0, '😀'); t.insertEmbed(1, {image: 1})",
}


@pytest.mark.parametrize("name", list(CUTS))
def test_a_character_cut_in_two_is_what_yjs_makes_of_it(yjs: Oracle, name: str) -> None:
    server = both(yjs, "text", TEXT + CUTS[name])
    assert not server.reasons


HALVES = {
    "in an embed": "t.insertEmbed(0, {s: '\\ud83d', k: ['\\ude00', 'x']})",
    "in the key of an embed": "t.insertEmbed(0, {'\\ud83d': 1})",
    "in a mark": "t.insert(0, 'abc'); t.format(0, 2, {link: {title: 'x\\ude00'}})",
    "in the name of a mark": "t.insert(0, 'abc'); t.format(0, 2, {'\\ud83d': true})",
}


@pytest.mark.parametrize("name", list(HALVES))
def test_half_a_character_in_json_is_mended(yjs: Oracle, name: str) -> None:
    server, sent = Server("text"), yjs.make(TEXT + HALVES[name] + "; t.insert(t.length, 'later')")
    for update in sent:
        server.send(update)
    assert not server.reasons
    assert server.document.text().endswith("later")
    said, newcomer = yjs.look("text", server.relayed), yjs.look("text", [server.document.encode()])
    assert said["value"] == newcomer["value"]
    assert "\\ud" not in repr(said["value"])


def test_numbers_of_embeds_and_marks_stay_what_they_are(yjs: Oracle) -> None:
    code = "t.insert(0, 'abc'); t.insertEmbed(0, {v: -3.5518787352310194e-285, w: [0.1, 2 ** 53 + 2]}); "
    code += (
        "t.format(1, 2, {m: 6.81116461457375e+298}); t.insertEmbed(1, {n: 2 ** 63, o: 12345678901234567000, p: 1e20})"
    )
    server = both(yjs, "text", TEXT + code)
    assert not server.reasons
    update = "const d = new Y.Doc(); Y.applyUpdate(d, new Uint8Array([%s])); "
    update %= ",".join(map(str, server.document.encode()))
    seen = "send(new TextEncoder().encode(JSON.stringify(d.getText('content').toDelta())))"
    delta = json.loads(yjs.make(update + seen)[0])
    assert delta[0]["insert"] == {"v": -3.5518787352310194e-285, "w": [0.1, 2**53 + 2]}
    assert {key: float(value) for key, value in delta[1]["insert"].items()} == {
        "n": 2.0**63,
        "o": 12345678901234567000.0,
        "p": 1e20,
    }
    assert delta[2]["attributes"] == {"m": 6.81116461457375e298}


def test_an_embed_that_is_a_string_is_taken_out(yjs: Oracle) -> None:
    server = Server("text")
    for at, content in enumerate(('"[[["', '""', '"xx"')):
        server.send(struct(Writer().var_string(content).getvalue(), info=5, clock=at))
    server.send(words("later", clock=3))
    assert set(server.reasons) == {"unsupported_value"}
    assert server.document.text() == "later"


def test_json_that_is_none_is_taken_out(yjs: Oracle) -> None:
    server = Server("text")
    server.send(struct(Writer().var_string("1e400").getvalue(), info=5))
    server.send(words("later", clock=1))
    assert server.reasons == ["unsupported_value"]
    assert server.document.text() == "later"
    server.check(yjs, [])


def test_two_people_cut_the_same_character(yjs: Oracle) -> None:
    code = (
        TEXT
        + """t.insert(0, 'a😀b');
        const other = new Y.Doc(); other.clientID = 5e8; Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
        other.on('update', send); other.getText('content').insert(2, 'X'); t.delete(1, 1); t.insert(3, 'Y')"""
    )
    both(yjs, "text", code)


ODD = {
    "NaN": "m.set('x', NaN)",
    "infinities": "m.set('x', [Infinity, -Infinity, -0])",
    "undefined": "m.set('x', undefined); m.set('y', [undefined])",
    "a large bigint": "m.set('x', 2n**63n-1n); m.set('y', -(2n**63n))",
    "bytes": "m.set('x', new Uint8Array([0, 255])); m.set('y', {a: [new Uint8Array(0)]})",
    "a date": "m.set('x', new Date(0))",
    "a text": "const t = new Y.Text('hi'); m.set('x', t); t.insertEmbed(1, {i: 1}); t.format(0, 1, {b: true})",
    "xml": "const e = new Y.XmlElement('p'); m.set('x', e); e.setAttribute('a', 'b'); e.insert(0, [new Y.XmlText('hi')])",
    "a fragment": "const e = new Y.XmlFragment(); m.set('x', e); e.insert(0, [new Y.XmlElement('b')])",
    "an array of everything": "m.set('x', Y.Array.from([1, 's', null, new Uint8Array([3]), new Y.Map([['a', NaN]]), {a: 1}]))",
    "odd keys": "m.set('', 1); m.set('__proto__', 2); m.set('~bytes', 3); m.set('k', {'~bytes': 'x'}); m.set('l', {'~~number': 1})",
    "half an emoji": "m.set('x', 'a\\ud83db'); m.set('\\ud83d', 1)",
    "maps 31 deep": "let n = m; for (let i = 0; i < 31; i++) { const k = new Y.Map(); n.set('m', k); n = k }; n.set('e', 1)",
    "an object 32 deep": "let v = 1; for (let i = 0; i < 32; i++) v = [v]; m.set('x', v)",
}


@pytest.mark.parametrize("name", list(ODD))
def test_every_value_of_a_map_has_a_canonical_form(yjs: Oracle, name: str) -> None:
    server = both(yjs, "data", DATA + "m.set('ok', 1); " + ODD[name] + "; m.set('after', 2)")
    assert not server.reasons
    value = server.document.value()
    assert value["ok"] == 1
    assert value["after"] == 2


REFUSED = {
    "a subdocument": ("m.set('x', new Y.Doc())", "unsupported_value"),
    "a subdocument in a list": (
        "m.set('x', Y.Array.from([1])); m.get('x').push([new Y.Doc()]); m.get('x').push([2])",
        "unsupported_value",
    ),
    "an array 33 deep": ("let v = 1; for (let i = 0; i < 33; i++) v = [v]; m.set('x', v)", "nested_too_deep"),
    "an object 1,000 deep": ("let v = 1; for (let i = 0; i < 1000; i++) v = {a: v}; m.set('x', v)", "nested_too_deep"),
    "maps 64 deep": (
        "let n = m; for (let i = 0; i < 64; i++) { const k = new Y.Map(); n.set('m', k); n = k }; n.set('e', 1)",
        "nested_too_deep",
    ),
    "maps 1,000 deep in one go": (
        "doc.transact(() => { let n = m; for (let i = 0; i < 1000; i++) { const k = new Y.Map(); n.set('m', k); n = k }; n.set('e', 1) })",
        "nested_too_deep",
    ),
    "a subdocument in a new map": (
        "doc.transact(() => { const k = new Y.Map(); m.set('x', k); k.set('d', new Y.Doc()); k.set('e', 1) })",
        "unsupported_value",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_no_document_holds_vanishes_for_everybody_and_nothing_else(yjs: Oracle, name: str) -> None:
    code, reason = REFUSED[name]
    server = both(yjs, "data", DATA + "m.set('ok', 1); " + code + "; m.set('after', 2)")
    assert server.reasons[0] == reason
    assert server.document.value()["after"] == 2


def test_a_hook_in_a_rich_text_vanishes_and_what_is_beside_it_stays(yjs: Oracle) -> None:
    code = (
        "f.insert(0, [new Y.XmlElement('p')]); f.insert(1, [new Y.XmlHook('h')]); f.insert(2, [new Y.XmlElement('q')])"
    )
    server = both(yjs, "rich", RICH + code)
    assert server.reasons == ["unsupported_value"]
    assert server.document.value() == "<p></p><q></q>"


def test_elements_are_nested_32_deep_at_most(yjs: Oracle) -> None:
    code = "let n = f; for (let i = 0; i < 60; i++) { const e = new Y.XmlElement('e'); n.insert(0, [e]); n = e }; f.insert(1, [new Y.XmlText('after')])"
    server = both(yjs, "rich", RICH + code)
    assert str(server.document.value()).count("<e>") == 32
    assert str(server.document.value()).endswith("after")


def test_many_attributes_are_said_in_one_order(yjs: Oracle) -> None:
    code = "const e = new Y.XmlElement('a'); f.insert(0, [e]); for (const k of 'gfedcba') e.setAttribute(k, k)"
    said = {both(yjs, "rich", RICH + code).document.value() for _ in range(8)}
    assert said == {'<a a="a" b="b" c="c" d="d" e="e" f="f" g="g"></a>'}


# ---------------------------------------------------------------- bytes that no stock client makes


def struct(content: bytes, *, client: int = 10**6, clock: int = 0, info: int = 4, root: str = "content") -> bytes:
    writer = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(clock).byte(info)
    return writer.var_uint(1).var_string(root).raw(content).byte(0).getvalue()


def words(text: str, **more: int) -> bytes:
    return struct(Writer().var_string(text).getvalue(), **more)


def test_other_content_under_a_known_id_is_refused(yjs: Oracle) -> None:
    server = Server("text")
    server.send(words("a"))
    server.send(words("😀"))
    assert server.reasons == ["conflicting_id"]
    assert server.document.text() == "a"
    server.check(yjs, [words("a")])


def test_a_repetition_with_more_behind_it_is_cut_off(yjs: Oracle) -> None:
    server = Server("text")
    server.send(words("ab"))
    server.send(words("abcd"))
    assert not server.reasons
    assert server.document.text() == "abcd"
    server.check(yjs, [words("abcd")])
    again = server.send(words("abcd"))
    assert again.summary.structs == 0


def test_an_item_inside_words_is_collected(yjs: Oracle) -> None:
    server = Server("text")
    server.send(words("ab"))
    inside = Writer().var_uint(1).var_uint(1).var_uint(10**6).var_uint(2).byte(4).var_uint(0)
    server.send(inside.var_uint(10**6).var_uint(0).var_string("z").byte(0).getvalue())
    assert server.reasons == ["no_place"]
    server.send(words("later", clock=3))
    assert server.document.text() in ("ablater", "laterab")
    server.check(yjs, [])


def test_values_in_a_text_are_taken_out(yjs: Oracle) -> None:
    server = Server("text")
    server.send(struct(Writer().var_uint(2).byte(126).byte(126).getvalue(), info=8))
    assert server.reasons == ["no_place"]
    server.send(words("later", clock=2))
    assert server.document.text() == "later"


def test_what_waits_is_left_out_and_the_rest_is_taken(yjs: Oracle) -> None:
    sent = yjs.make(
        """const a = new Y.Doc(); a.clientID = 2e9; const us = []; a.on('update', u => us.push(u))
        const t = a.getText('content'); t.insert(0, 'one '); t.insert(4, 'two '); t.insert(8, 'three')
        const b = new Y.Doc(); b.clientID = 1e9; b.getText('content').insert(0, 'mine ')
        Y.applyUpdate(b, us[0]); Y.applyUpdate(b, us[2]); send(Y.encodeStateAsUpdate(b)); send(us[1]); send(us[2])"""
    )
    server = Server("text")
    assert server.send(sent[0]).waits
    assert server.document.text() in ("one mine ", "mine one ")
    assert not server.send(sent[1]).waits
    assert not server.send(sent[2]).waits
    assert "one two three" in server.document.text()
    server.check(yjs, sent)


def test_a_full_document_takes_deletions_and_nothing_else(yjs: Oracle) -> None:
    sent = yjs.make(TEXT + "t.insert(0, 'abc'); t.insert(1, 'lost'); t.delete(0, 1); t.insert(t.length, '!')")
    server = Server("text")
    server.send(sent[0])
    server.send(sent[1], is_full=True)
    assert server.reasons == ["too_large"]
    for update in sent[2:]:
        server.send(update)
    assert server.document.text() == "bc!"
    server.check(yjs, sent)


def test_ids_of_others_are_left_out(yjs: Oracle) -> None:
    sent = yjs.make(
        """const a = new Y.Doc(); a.clientID = 2e9; a.getText('content').insert(0, 'theirs');
        const b = new Y.Doc(); b.clientID = 1e9; b.getText('content').insert(0, 'mine'); Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
        send(Y.encodeStateAsUpdate(b))"""
    )
    server = Server("text")
    server.send(sent[0], foreign={2 * 10**9})
    assert server.reasons == ["foreign_id"]
    assert server.document.text() == "mine"
    server.send(sent[0])
    assert sorted(server.document.text()) == sorted("minetheirs")


def test_a_vector_that_ends_inside_a_character_is_served_all_of_it(yjs: Oracle) -> None:
    server = both(yjs, "text", TEXT + "t.insert(0, 'x😀y')")
    vector = Writer().var_uint(1).var_uint(10**9 + 7).var_uint(2).getvalue()
    assert "😀y" in server.document.encode(vector).decode("utf-8", "ignore")


def test_shared_types_under_an_attribute_are_read(yjs: Oracle) -> None:
    code = "const e = new Y.XmlElement('p'); f.insert(0, [e]); e.setAttribute('m', new Y.Map([['a', 1]])); "
    server = both(yjs, "rich", RICH + code + "e.setAttribute('t', new Y.Text('hi')); e.setAttribute('n', null)")
    assert server.document.value() == '<p m="{a: 1}" n="null" t="hi"></p>'


def test_what_nobody_may_bring_back_is_entered_as_deleted_and_what_is_beside_it_stands(yjs: Oracle) -> None:
    sent = yjs.make(
        """const a = new Y.Doc(); a.clientID = 5000; a.getText('content').insert(0, 'lost ');
        const b = new Y.Doc(); b.clientID = 1e9; Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
        b.on('update', send); b.getText('content').insert(5, 'mine'); b.getText('content').insert(2, '!');
        send(Y.encodeStateAsUpdate(b)); b.getText('content').insert(0, 'later ')"""
    )
    server = Server("text")
    server.send(sent[2], unwanted={5000})
    assert server.reasons == ["foreign_id"]
    server.send(sent[3])
    assert server.document.text() == "later !mine"
    server.check(yjs, sent[2:])


def test_what_would_be_mended_is_refused_where_nothing_may_come_in(yjs: Oracle) -> None:
    sent = yjs.make(TEXT + "t.insert(0, 'ab'); t.insertEmbed(1, {s: '\\ud83d'})")
    for more, reason in (({"is_full": True}, "too_large"), ({"unwanted": {10**9 + 7}}, "foreign_id")):
        server = Server("text")
        server.send(sent[0])
        server.send(sent[1], **more)
        assert server.reasons == [reason]
        assert server.document.text() == "ab"
        server.check(yjs, sent)
