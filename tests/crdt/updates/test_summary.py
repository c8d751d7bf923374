"""The numbers by which kinds of content are known here are those of Yjs, and each of its bits says one thing."""

from __future__ import annotations

import pytest

import crdt.updates.summary as summary_module
from crdt.updates.scan import scan_update
from crdt.updates.summary import (
    ANY,
    BINARY,
    CLOCK_MAX,
    DELETED,
    DOC,
    ELSEWHERE,
    EMBED,
    EXACT,
    FORMAT,
    GC,
    HOOK,
    KEYED,
    NESTED,
    ODD,
    SKIP,
    STRING,
    TYPE,
    Id,
    UpdateSummary,
)
from tests.support.oracle import Oracle

MAKES = {
    STRING: "doc.getText('content').insert(0, 'words')",
    EMBED: "doc.getText('content').insertEmbed(0, {image: 1})",
    FORMAT: "doc.getText('content').insert(0, 'bold', {bold: true})",
    ANY: "doc.getMap('data').set('k', 1)",
    BINARY: "doc.getMap('data').set('k', new Uint8Array([1]))",
    TYPE: "doc.getMap('data').set('k', new Y.Map())",
    DOC: "doc.getMap('data').set('k', new Y.Doc())",
    DELETED: "const t = doc.getText('content'); t.insert(0, 'x'); t.delete(0, 1); send(Y.encodeStateAsUpdate(doc))",
    GC: (
        "const m = doc.getMap('data'); m.set('k', new Y.Map([['in', 1]])); m.delete('k'); "
        "send(Y.encodeStateAsUpdate(doc))"
    ),
    SKIP: "doc.getText('content').insert(0, 'ab'); send(Y.mergeUpdates([at(0, 'a'), at(5, 'b')]))",
}
BITS = {
    KEYED: "doc.getMap('data').set('k', 1)",
    NESTED: "doc.getMap('data').set('k', new Y.Map([['in', 1]]))",
    ELSEWHERE: "doc.getText('other').insert(0, 'x')",
    HOOK: "doc.getXmlFragment('default').insert(0, [new Y.XmlHook('h')])",
    EXACT: "doc.getMap('data').set('k', -0)",
}
HEAD = """
const doc = new Y.Doc(); doc.clientID = 9; doc.on('update', send);
const at = (clock, text) => { const other = new Y.Doc(); other.clientID = 7;
  other.getText('content').insert(0, 'x'.repeat(clock) + text);
  return Y.encodeStateAsUpdate(other, new Uint8Array([1, 7, clock])) }; """


def last(yjs: Oracle, code: str) -> UpdateSummary:
    return scan_update(yjs.make(HEAD + code)[-1])


@pytest.mark.stock
@pytest.mark.parametrize("kind", list(MAKES))
def test_a_kind_has_the_number_that_yjs_gives_it(yjs: Oracle, kind: int) -> None:
    summary = last(yjs, MAKES[kind])
    assert summary.kinds >> kind & 1
    assert bool(summary.kinds & ODD) == (kind in (DOC, SKIP))


@pytest.mark.stock
@pytest.mark.parametrize("bit", list(BITS))
def test_a_bit_is_set_for_what_it_names_and_not_for_words(yjs: Oracle, bit: int) -> None:
    assert last(yjs, BITS[bit]).kinds >> bit & 1
    assert not last(yjs, "doc.getText('content').insert(0, 'words')").kinds >> bit & 1


def test_no_two_names_stand_for_one_bit() -> None:
    names = [name for name, value in vars(summary_module).items() if name.isupper() and isinstance(value, int)]
    bits = [getattr(summary_module, name) for name in names if name not in ("ODD", "CLOCK_MAX")]
    assert sorted(bits) == list(range(len(bits)))


def test_a_summary_is_a_value() -> None:
    """It is handed from the socket to the kernel, and relied on after the document has changed."""
    update = bytes.fromhex("01010900040107636f6e74656e74016100")
    one, other = scan_update(update), scan_update(update)
    assert one == other
    with pytest.raises(AttributeError):
        one.structs = 2  # type: ignore[misc]
    assert Id(9, 0) == (9, 0)
    assert CLOCK_MAX == 2**32 - 1
