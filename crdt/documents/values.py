"""What Yjs can store as JSON can say it, and back: one canonical form for every value that a document may hold.

JSON lacks bytes, numbers that are none, and XML. These stand as an object with one key, their tag:
`{"~bytes": base64}`, `{"~number": "NaN"}`, `{"~xml": "<p></p>"}`, and `{"~bigint": "9223372036854775807"}` where a
whole number is written down for people; a stored object that looks like one of these gets one more `~`. The table of
the value space is `docs/values.md`. Pure.
"""

from __future__ import annotations

import binascii
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from pycrdt import Array, Map, Text, XmlElement, XmlFragment, XmlText

from crdt.breath import take_breath
from crdt.digest import EXACT_MAX, Json
from crdt.documents.long_lists import Lists, LongList, items_of, unnest
from crdt.errors import WrongKind

# Decision 71: what has no form in JSON gets a tagged one.
BYTES, NUMBER, BIGINT, XML, DEEP = "~bytes", "~number", "~bigint", "~xml", "~deep"
LEVELS_MAX = 72  # shared types nest 32 deep, plain values in them 32 more: what lies deeper is of an old log
XML_LEVELS_MAX = 150
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_TAG = re.compile(r"~+(?:bytes|number|bigint|xml|deep)")
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_CUT: Json = {DEEP: True}
PLAIN = frozenset({bool, float, int, str, type(None)})


def from_stored(value: object, level: int = 0, lists: Lists | None = None) -> Json:
    """Return a stored value, shared types included, as canonical JSON; `lists` where the document was unnested.

    Whole numbers beyond 2**53 stay numbers; what lies more than 72 levels deep, which only old logs hold, is cut off.

    Raises:
        LongList: a shared list is too long to be walked, and the document was not unnested.
    """
    take_breath()
    assert level <= LEVELS_MAX + 1, "what lies deeper was cut off"
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return _read_number(value)
        case bytes() | bytearray():
            items = lists.get(bytes(value)) if lists else None
            if items is None:
                return {BYTES: b64encode(value).decode()}
            return _CUT if level >= LEVELS_MAX else [from_stored(item, level + 1, lists) for item in items]
        case dict() | list() | Map() | Array() if level >= LEVELS_MAX:
            return _CUT
        case dict():
            return escape_tag({str(key): from_stored(part, level + 1) for key, part in value.items()})
        case Map():
            return escape_tag({key: from_stored(part, level + 1, lists) for key, part in _items(value)})
        case list():
            return [from_stored(part, level + 1) for part in value]
        case Array():
            return [from_stored(item, level + 1, lists) for item in items_of(value, lists)]
        case Text():
            return str(value)
        case XmlText():
            return "".join(part for part, _ in value.diff() if isinstance(part, str))
        case XmlElement() | XmlFragment():
            return {XML: write_xml(value, lists)}
        case _:
            return {XML: type(value).__name__}


def read_entries(root: Map[object], encode: Callable[[], bytes]) -> dict[str, Json]:
    """Return the entries of a document's root map as canonical JSON; `encode` returns the state of that document."""
    try:
        return {key: from_stored(part, 1) for key, part in _items(root)}
    except LongList:
        document, lists = unnest("data", encode())
        assert isinstance(document.root, Map), "a data document has such a root"
        return {key: from_stored(part, 1, lists) for key, part in _items(document.root)}


def read_entry(root: Map[object], key: str) -> tuple[Json] | None:
    """Return what stands under a key of a document's root map, in a tuple; None where nothing does.

    Raises `LongList` as `from_stored` does.
    """
    with root.doc.transaction() as transaction:
        native, txn = root.integrated, transaction._txn
        if not native.has(txn, key):
            return None
        return (from_stored(root._maybe_as_type_or_doc(native.get(txn, key)), 1),)


def read_loosely(root: Map[object]) -> Json:
    """Return a whole root map as folkmoot 0.1 read it: XML inside nested values was words."""
    try:
        read = ((key, part.to_py() if isinstance(part, Map | Array | Text) else part) for key, part in _items(root))
        return escape_tag({key: from_stored(part, 1) for key, part in read})
    except (ValueError, RecursionError, KeyError):
        return from_stored(root)


def read_xml(root: XmlFragment, encode: Callable[[], bytes]) -> str:
    """Return the XML of a whole rich document, as `write_xml` does; `encode` returns its state."""
    try:
        return write_xml(root)
    except LongList:
        document, lists = unnest("rich", encode())
        assert isinstance(document.root, XmlFragment), "a rich document has such a root"
        return write_xml(document.root, lists)


def _items(stored: Map[object]) -> list[tuple[str, object]]:
    """Return keys and values; not a key under which an old log holds a mark, which pycrdt names and does not have."""
    found = list[tuple[str, object]]()
    # In one transaction, past pycrdt's Python half: with one for each key a large document took four times as long.
    with stored.doc.transaction() as transaction:
        native, txn = stored.integrated, transaction._txn
        for key in list(native.keys(txn)):
            if native.has(txn, key):
                value = native.get(txn, key)
                found.append((key, value if type(value) in PLAIN else stored._maybe_as_type_or_doc(value)))
    return found


def _read_number(value: float) -> Json:
    """Return a stored number as JSON: whole where it is, tagged where JSON has no word for it."""
    if not math.isfinite(value):
        return {NUMBER: "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return int(value) if value.is_integer() and abs(value) <= EXACT_MAX else value


def escape_tag(value: dict[str, Json]) -> dict[str, Json]:
    """Return a stored object, with one `~` more before the key where that is a tag and all it has."""
    if len(value) == 1:
        ((key, part),) = value.items()
        if _TAG.fullmatch(key):
            # A person may store any key: without the escape their object would read as bytes or a number.
            return {f"~{key}": part}
    return value


def read_below(value: Json, path: Sequence[str | int]) -> Json:
    """Return what stands at a path of something as it is stored, in its canonical JSON; what is not there raises."""
    for key in path:
        value = value[f"~{key}" if isinstance(key, str) and len(value) == 1 and _TAG.fullmatch(key) else key]
    return value


def to_stored(value: Json) -> object:
    """Return what is stored for a value in JSON, plain objects and lists left as such.

    Raises:
        WrongKind: a tag holds something that it does not name, or XML, which nobody but an editor makes.
    """
    match value:
        case dict():
            found = _read_tag(value)
            return found[0] if found else {key: to_stored(part) for key, part in value.items()}
        case list() | tuple():
            return [to_stored(part) for part in value]
        case _:
            return value


def is_json(stored: object) -> bool:
    """Tell whether a stored plain value can be said in JSON as it is."""
    match stored:
        case None | bool() | str() | int():
            return True
        case float():
            return math.isfinite(stored)
        case list():
            return all(map(is_json, stored))
        case dict():
            return all(map(is_json, stored.values()))
        case _:
            return False


def read_tag(value: Json) -> tuple[object] | None:
    """Return, in a tuple, what the tag of an object stands for; None where an object is only that.

    Raises:
        WrongKind: as `to_stored` does.
    """
    return _read_tag(value) if isinstance(value, dict) else None


def _read_tag(value: Mapping[str, Json]) -> tuple[object] | None:
    """Return, in a tuple, what a tag stands for: null is a value, too. Raises `WrongKind` as `to_stored` does."""
    if len(value) != 1:
        return None
    ((key, part),) = value.items()
    if not _TAG.fullmatch(key):
        return None
    match key:
        case "~bytes" if isinstance(part, str):
            try:
                return (b64decode(part, validate=True),)
            except (binascii.Error, ValueError) as error:
                raise WrongKind("what stands under ~bytes is not base64") from error
        case "~number" if part in _NUMBERS:
            return (_NUMBERS[part],)
        case "~bigint" if isinstance(part, str) and _WHOLE.fullmatch(part) and INT64_MIN <= int(part) <= INT64_MAX:
            return (int(part),)
        # One `~` less: the object itself was stored under a key that looks like a tag.
        case _ if key.startswith("~~"):
            return ({key[1:]: to_stored(part)},)
        case _:
            raise WrongKind(f"{key} names a value that is not there: nothing can be written for it")


def for_people(value: Json) -> Json:
    """Return canonical JSON with whole numbers beyond 2**53 tagged: browsers would round them."""
    match value:
        case bool():  # True is an int to Python
            return value
        case int() if abs(value) > EXACT_MAX:
            return {BIGINT: str(value)}
        case dict():
            return {key: for_people(part) for key, part in value.items()}
        case list():
            return [for_people(part) for part in value]
        case _:
            return value


# ---------------------------------------------------------------- XML, as pycrdt writes it, in one order


def write_xml(node: XmlElement | XmlFragment | XmlText, lists: Lists | None = None) -> str:
    """Return the XML of a node as pycrdt's own `str` has it, with attributes sorted: that one's order is chance.

    Raises `LongList` as `from_stored` does.
    """
    written = "".join(_write_node(node, 0, lists))
    assert isinstance(node, XmlFragment | XmlText) or written.startswith("<"), "an element stands in its tags"
    return written


def _write_node(node: object, level: int, lists: Lists | None) -> list[str]:
    """Return the XML of a node in pieces, which are joined once."""
    take_breath()
    # Old logs hold elements without a bound on how deep they nest (trap 19).
    if level > XML_LEVELS_MAX:
        return ["…"]
    match node:
        case XmlElement():
            tag = node.tag or ""
            attributes = "".join(
                f' {name}="{_write_value(value, lists)}"' for name, value in sorted(_attributes(node).items())
            )
            inner = [piece for child in _children(node) for piece in _write_node(child, level + 1, lists)]
            return [f"<{tag}{attributes}>", *inner, f"</{tag}>"]
        case XmlFragment():
            return [piece for child in _children(node) for piece in _write_node(child, level + 1, lists)]
        case XmlText():
            return [_write_marked(part, marks, level, lists) for part, marks in node.diff()]
        case _:
            return [_write_value(node, lists)]


def _attributes(node: XmlElement) -> dict[str, object]:
    """Return the attributes of an element, values as pycrdt reads them elsewhere."""
    # pycrdt hands out shared types bare here, without what reads them.
    return {str(name): node._maybe_as_type_or_doc(value) for name, value in node.attributes.__iter__()}


def _children(node: XmlElement | XmlFragment) -> list[object]:
    """Return the children of a node, all at once: pycrdt walks to each from the first (trap 28)."""
    with node.doc.transaction() as transaction:
        return [node._maybe_as_type_or_doc(child) for child in node.integrated.children(transaction._txn)]


def has_choice(node: object, level: int = 0) -> bool:
    """Tell whether pycrdt's own `str` of a node may come out in more than one order."""
    if level > XML_LEVELS_MAX:
        return True
    match node:
        case XmlText():
            marks = [value for _, given in node.diff() for value in (given or {}).values()]
            return any(isinstance(value, dict) and len(value) > 1 for value in marks)
        case XmlElement() if len(values := _attributes(node)) > 1 or any(
            isinstance(value, dict) and len(value) > 1 for value in values.values()
        ):
            return True
        case XmlFragment() | XmlElement():
            return any(has_choice(child, level + 1) for child in _children(node))
        case _:
            return False


def _write_marked(part: object, marks: Mapping[str, object] | None, level: int, lists: Lists | None) -> str:
    """Return a stretch of text, or what is embedded in it, inside its marks, the first of them outermost."""
    said = (
        "".join(_write_node(part, level + 1, lists))
        if isinstance(part, XmlElement | XmlFragment | XmlText)
        else _write_value(part, lists)
    )
    for name in sorted(marks or {}, reverse=True):
        value = (marks or {})[name]
        inside = ""
        if isinstance(value, dict):
            inside = "".join(f' {key}="{_write_value(value[key], lists)}"' for key in sorted(value))
        said = f"<{name}{inside}>{said}</{name}>"
    return said


def _write_value(value: object, lists: Lists | None) -> str:
    """Return a value as pycrdt puts it into XML."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _write_decimal(value)
        case bytes() | bytearray():
            items = lists.get(bytes(value)) if lists else None
            return f"0x{value.hex()}" if items is None else _write_value(items, lists)
        case list():
            return f"[{', '.join(_write_value(part, lists) for part in value)}]"
        case dict():
            return f"{{{', '.join(f'{key}: {_write_value(value[key], lists)}' for key in sorted(value))}}}"
        case Map():
            return _write_value(dict(_items(value)), lists)
        case Array():
            return _write_value(items_of(value, lists), lists)
        case Text():
            return str(value)
        case XmlText() | XmlElement() | XmlFragment():
            return write_xml(value, lists)
        case _:
            return f"{type(value).__name__}Ref"


def _write_decimal(value: float) -> str:
    """Return a number as Rust prints it: without an exponent, however long that is."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value.is_integer():
        return f"{value:.0f}"
    written = format(Decimal(repr(value)), "f")
    assert "E" not in written, "written out in full"
    return written
