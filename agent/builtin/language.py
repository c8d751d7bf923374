"""Plain English to commands: forgiving about wording, exact about meaning (protocol §7, `docs/language.md`).

Quoted words are set aside first, so nothing inside quotes is ever read as a command. Then politeness is dropped, a
delay is taken out, several commands are split, and each is held against a table of forms, the first that fits counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from typing import Literal

from agent.editing.commands import (
    ActOnDocument,
    AddItem,
    AddNumber,
    AddToSection,
    AppendText,
    AskAuthor,
    CallHook,
    CaseSection,
    Command,
    CutLines,
    CutSection,
    DataCommand,
    DeleteSection,
    DeleteText,
    InsertText,
    Instruction,
    MakeDocument,
    MoveItem,
    NotUnderstood,
    OrderList,
    RemoveData,
    RemoveItem,
    RenameHeading,
    ReplaceSection,
    ReplaceText,
    SendMail,
    SetData,
    TextCommand,
    Which,
)
from crdt.digest import Json
from workspace.intents.model.document_acts import ActName

DELAY_SECONDS_MAX = 120.0
COMMANDS_MAX = 20
PLAIN_POINTS_MAX = 2_000
PART_POINTS_SHOWN = 120
FORMS = {
    "replace": 'replace "OLD" with "NEW" in DOC',
    "insert": 'insert "TEXT" after "ANCHOR" in DOC',
    "append": 'append "TEXT" to DOC',
    "delete": 'delete section "HEADING" in DOC',
    "remove": "remove DOC.PATH",
    "rename": 'rename heading "OLD" to "NEW" in DOC',
    "make": 'make section "HEADING" uppercase in DOC',
    "cut": 'cut section "HEADING" to 3 lines in DOC',
    "sort": 'sort list under "HEADING" in DOC',
    "set": "set DOC.PATH to VALUE",
    "increase": "increase DOC.PATH by 5",
    "decrease": "decrease DOC.PATH by 5",
    "add": "add VALUE to DOC.PATH",
    "move": "move VALUE in DOC.PATH to 1",
    "create": "create text document NAME",
    "archive": "archive document NAME",
    "restore": "restore document NAME",
    "ask": 'ask "QUESTION"',
    "mail": 'mail "ana@example.org" subject "SUBJECT" saying "TEXT"',
    "call": 'call RECEIVER with {"KEY": "VALUE"}',
}
_QUOTED = re.compile(
    r'"((?:[^"\\]|\\.)*)"|“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»|‘([^’]*)’|(?<!\w)\'((?:[^\'\\]|\\.)*)\'(?!\w)'
)
_MARK = re.compile(r"⟦(\d{1,4})⟧")
_SPACE = re.compile(r"\s+")
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\'": "'", "\\\\": "\\"}
_ESCAPE = re.compile(r"\\[nt\"'\\]")
_POLITE = re.compile(
    r"^(?:(?:please|pls|kindly|ok|okay|hey|hi|agent|now|just|so|and|then|could you|can you|would you|will you|"
    r"i want you to|i would like you to|i'd like you to|we should|let's|lets|let us|you should)\b[\s,:]*)+",
    re.I,
)
_THANKS = re.compile(r"[\s,]*(?:\bplease|\bthanks|\bthank you|\bfor me)?[\s.!?…]*$", re.I)
_DELAY = re.compile(r"[\s,]*\b(?:after|in|wait)\s+(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)\b[\s,:]*", re.I)
_SPLIT = re.compile(r"\s*;\s*|,?\s+and then\s+|,\s*then\s+|\.\s+then\s+", re.I)
_ORDINALS: dict[str, Which] = {
    "first": "first", "second": "second", "third": "third", "last": "last", "all": "all", "every": "all", "each": "all",
}  # fmt: skip

_ACTS: dict[str, ActName] = {
    "delete": "delete", "remove": "delete", "drop": "delete", "erase": "delete", "archive": "archive",
    "restore": "restore", "unarchive": "restore", "undelete": "restore", "rename": "rename",
}  # fmt: skip
_VERBS: dict[str, Literal["set", "change", "make"]] = {"set": "set", "change": "change", "update": "change"}

# A quoted word stands for itself alone; bare words hold no quotes; JSON may hold both.
_V = r"(?:⟦\d+⟧|[\[{].*?[\]}]|[^⟦⟧]+?)"
_N = r"[-+]?\d[\d_,]{0,20}(?:\.\d{1,12})?"
_IN = r"(?:\s+(?:in|of|from|inside)\s+(?:the\s+)?(?:document\s+|doc\s+)?(?P<doc>⟦\d+⟧|[^\s⟦⟧]+))?"
_ORD = (
    r"(?:(?:the\s+)?(?P<which>first|second|third|last|all|every|each)\s+(?:occurrences?\s+of\s+|of\s+)?)?"
    r"(?:the\s+(?:text|words?|line|phrase)\s+)?"
)
_SEC = r"(?:the\s+)?(?:section\s+(?P<sec>⟦\d+⟧|.+?)|(?P<sec2>⟦\d+⟧|[^⟦⟧]+?)\s+section)"
_SEC_OR_HEAD = r"(?:the\s+)?(?:(?:section|heading)\s+)?(?P<sec>⟦\d+⟧|.+?)(?:\s+section)?"
_CASE = r"(?P<case>upper[\s-]?case|capitals|caps|all caps|lower[\s-]?case|small letters|title[\s-]?case)"
_NO_NAME = r"(?!(?:section|this|that|whole|entire|every|each|all|any|an?|new)\b)"
_DOCUMENT = (
    r"(?:the\s+)?(?:(?:document|doc)\s+(?P<document>⟦\d+⟧|[^\s⟦⟧]+)"
    rf"|{_NO_NAME}(?P<document2>⟦\d+⟧|[^\s⟦⟧]+)\s+(?:document|doc))"
)
_T = r"(?:the\s+)?(?P<target>⟦\d+⟧|[^\s⟦⟧]+)"

Groups = dict[str, str]
Build = Callable[[Groups, list[str]], Command]


def parse(text: str) -> Instruction | NotUnderstood:
    """Return the commands of an instruction, or the part that is not understood. Never raises."""
    quotes: list[str] = []
    plain = _SPACE.sub(" ", _QUOTED.sub(lambda found: _set_aside(found, quotes), text.strip()))
    if len(plain) > PLAIN_POINTS_MAX:
        return NotUnderstood(plain[:PART_POINTS_SHOWN], FORMS["replace"])
    delay = 0.0
    for found in _DELAY.finditer(plain):
        if (
            found.end() == len(_THANKS.sub("", plain))
            or found.start() == 0
            or _THANKS.sub("", plain[found.end() :]) == ""
        ):
            delay = min(float(found.group(1)), DELAY_SECONDS_MAX)
            plain = f"{plain[: found.start()]} {plain[found.end() :]}"
            break
    commands = []
    parts = [part for part in _SPLIT.split(plain.strip()) if part.strip()]
    for part in parts[:COMMANDS_MAX]:
        command = _command(part, quotes)
        if command is None:
            return NotUnderstood(_restore(part, quotes).strip()[:PART_POINTS_SHOWN], _nearest(part))
        commands.append(command)
    if not commands or len(parts) > COMMANDS_MAX:
        return NotUnderstood(_restore(plain, quotes).strip()[:PART_POINTS_SHOWN], _nearest(plain))
    assert len(commands) == len(parts), "every part is a command, or the whole is not understood"
    assert 0 <= delay <= DELAY_SECONDS_MAX, "a plan is held back for a bounded time"
    return Instruction(tuple(commands), delay)


def _set_aside(found: re.Match[str], quotes: list[str]) -> str:
    body = next(group for group in found.groups() if group is not None)
    # Quoted words are set aside before anything is read: they are content, and no word of theirs is a command.
    quotes.append(_ESCAPE.sub(lambda part: _ESCAPES[part.group()], body))
    return f"⟦{len(quotes) - 1}⟧"


def _restore(part: str, quotes: list[str]) -> str:
    return _MARK.sub(lambda found: f'"{_word(found.group(), quotes)}"', part)


def _word(part: str, quotes: list[str]) -> str:
    """Return the words of a group: what was quoted, or the bare text."""
    found = _MARK.fullmatch(part.strip())
    if found is not None and int(found.group(1)) < len(quotes):
        return quotes[int(found.group(1))]
    return _MARK.sub(lambda mark: quotes[int(mark.group(1))] if int(mark.group(1)) < len(quotes) else "", part.strip())


def _command(part: str, quotes: list[str]) -> Command | None:
    clean = _THANKS.sub("", _POLITE.sub("", part.strip()))
    doc = None
    placed = re.match(
        r"^(?:in|on)\s+(?:the\s+)?(?:document\s+|doc\s+)?(⟦\d+⟧|[^\s⟦⟧,:]+)\s*[,:]?\s+(?=\w)", clean, re.I
    )
    if placed is not None:
        doc, clean = _word(placed.group(1), quotes), _POLITE.sub("", clean[placed.end() :])
    for pattern, build in _FORMS:
        found = pattern.fullmatch(clean)
        if found is not None:
            groups = {name: value for name, value in found.groupdict().items() if value is not None}
            command = build(groups, quotes)
            if doc is not None and isinstance(command, TextCommand) and command.doc is None:
                command = replace(command, doc=doc)
            elif doc is not None and isinstance(command, DataCommand):
                command = replace(command, target=f"{doc}.{command.target}")
            return command
    return None


def _nearest(part: str) -> str:
    words = [word.lower() for word in re.findall(r"[A-Za-z]+", _POLITE.sub("", part.strip()))[:4]]
    for word in words:
        close = get_close_matches(word, FORMS, n=1, cutoff=0.75)
        if close:
            return FORMS[close[0]]
    return FORMS["replace"]


def value_of(part: str, quotes: list[str]) -> Json:
    """Return a value: a quoted string as it is, else JSON where it is some, else the bare words."""
    if _MARK.fullmatch(part.strip()):
        return _word(part, quotes)
    text = _MARK.sub(lambda found: json.dumps(_word(found.group(), quotes)), part.strip())
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return _word(part, quotes)
    return value


def _number(text: str) -> float:
    value = float(text.replace(",", "").replace("_", ""))
    return int(value) if value.is_integer() else value


def _doc(groups: Groups, quotes: list[str]) -> str | None:
    return _word(groups["doc"], quotes) if "doc" in groups else None


def _section(groups: Groups, quotes: list[str]) -> str:
    assert "sec" in groups or "sec2" in groups, "only forms that name a section ask for it"
    return _word(groups.get("sec") or groups["sec2"], quotes)


def _document(groups: Groups, quotes: list[str]) -> str:
    return _word(groups.get("document") or groups["document2"], quotes)


def _which(groups: Groups) -> Which:
    return _ORDINALS[groups["which"].lower()] if "which" in groups else "only"


def _case(text: str) -> CaseSection:
    first = text.lower()[0]
    assert first in "ulcast", "the forms take upper, lower, title, capitals, caps, all caps and small letters"
    return CaseSection(None, "lower" if first in "ls" else "title" if first == "t" else "upper")


def _position(text: str) -> int:
    return {"top": 1, "start": 1, "first": 1, "end": -1, "bottom": -1, "last": -1}.get(text.lower()) or int(text)


def _form(pattern: str, build: Build) -> tuple[re.Pattern[str], Build]:
    return re.compile(pattern, re.I | re.S), build


_FORMS: list[tuple[re.Pattern[str], Build]] = [
    _form(
        rf"ask\s+(?:me\s+)?(?P<q>{_V})(?:\s+(?:with\s+)?options?\s*:?\s+(?P<options>.+))?",
        lambda g, q: AskAuthor(
            _word(g["q"], q),
            tuple(_word(part, q) for part in re.split(r"\s*,\s*|\s+or\s+", g.get("options", "")) if part),
        ),
    ),
    _form(
        r"(?:create|make|add|start)\s+(?:an?\s+)?(?:new\s+)?(?:(?P<kind>text|data)\s+)?(?:document|doc)\s+"
        r"(?:called\s+|named\s+)?(?P<name>⟦\d+⟧|\S+)",
        lambda g, q: MakeDocument(_word(g["name"], q), "data" if g.get("kind", "").lower() == "data" else "text"),
    ),
    _form(
        rf"(?P<do>delete|remove|drop|erase|archive|restore|unarchive|undelete)\s+{_DOCUMENT}",
        lambda g, q: ActOnDocument(_ACTS[g["do"].lower()], _document(g, q)),
    ),
    _form(
        rf"(?P<do>rename|restore|undelete|unarchive)\s+{_DOCUMENT}\s+(?:to|into|as)\s+(?P<new>⟦\d+⟧|\S+)",
        lambda g, q: ActOnDocument(_ACTS[g["do"].lower()], _document(g, q), _word(g["new"], q)),
    ),
    _form(
        rf"(?:delete|remove|drop|cut|erase)\s+lines?\s+(?P<first>\d{{1,7}})(?:\s*(?:-|–|to|through|until|and)\s*(?P<last>\d{{1,7}}))?{_IN}",
        lambda g, q: CutLines(int(g["first"]), int(g.get("last", g["first"])), _doc(g, q)),
    ),
    _form(
        rf"(?:rename|retitle|change)\s+(?:the\s+)?(?:heading|title|section)\s+(?P<old>{_V})\s+(?:to|into|as)\s+(?P<new>{_V}){_IN}",
        lambda g, q: RenameHeading(_word(g["old"], q), _word(g["new"], q), _doc(g, q)),
    ),
    _form(
        rf"(?:make|turn|put|convert|change|set)\s+{_SEC}\s+(?:into\s+|to\s+|in\s+)?{_CASE}{_IN}",
        lambda g, q: replace(_case(g["case"]), section=_section(g, q), doc=_doc(g, q)),
    ),
    _form(
        rf"(?:make|turn|put|convert|change)\s+(?:everything|it|all|the\s+(?:whole\s+)?(?:text|selection|document))\s+(?:into\s+|to\s+|in\s+)?{_CASE}{_IN}",
        lambda g, q: replace(_case(g["case"]), doc=_doc(g, q)),
    ),
    _form(rf"{_CASE}\s+{_SEC}{_IN}", lambda g, q: replace(_case(g["case"]), section=_section(g, q), doc=_doc(g, q))),
    _form(
        rf"(?:cut|shorten|trim|reduce|keep)\s+{_SEC}\s+(?:down\s+)?to\s+(?:the\s+first\s+)?(?P<lines>\d{{1,6}})\s+lines?{_IN}",
        lambda g, q: CutSection(_section(g, q), int(g["lines"]), _doc(g, q)),
    ),
    _form(
        rf"(?:replace|rewrite)\s+(?:the\s+)?(?:body\s+of\s+|text\s+of\s+)?{_SEC}\s+(?:with|by|as|to)\s+(?P<text>{_V}){_IN}",
        lambda g, q: ReplaceSection(_section(g, q), _word(g["text"], q), _doc(g, q)),
    ),
    _form(rf"(?:delete|remove|drop|erase)\s+{_SEC}{_IN}", lambda g, q: DeleteSection(_section(g, q), _doc(g, q))),
    _form(
        rf"(?:add|append|put|write|insert)\s+(?P<text>{_V})\s+(?:to|in|into|under|at\s+the\s+end\s+of)\s+{_SEC}{_IN}",
        lambda g, q: AddToSection(_section(g, q), _word(g["text"], q), _doc(g, q)),
    ),
    _form(
        rf"(?:sort|order|alphabeti[sz]e)\s+(?:the\s+)?(?:list|items|bullets)(?:\s+(?:under|in|of|below)\s+{_SEC_OR_HEAD})?"
        rf"(?P<reverse>\s+(?:in\s+)?(?:reverse|descending)(?:\s+order)?)?{_IN}",
        lambda g, q: OrderList(_section(g, q) if "sec" in g else None, reverse="reverse" in g, doc=_doc(g, q)),
    ),
    _form(
        rf"(?:dedupe|deduplicate|remove\s+(?:the\s+)?duplicates\s+(?:from|in|of))\s+(?:the\s+)?(?:list|items|bullets)"
        rf"(?:\s+(?:under|in|of|below)\s+{_SEC_OR_HEAD})?{_IN}",
        lambda g, q: OrderList(_section(g, q) if "sec" in g else None, dedupe=True, doc=_doc(g, q)),
    ),
    _form(
        rf"(?:insert|add|put|write)\s+(?P<text>{_V})\s+(?P<side>before|after|above|below|in\s+front\s+of|behind)\s+{_ORD}(?P<anchor>{_V}){_IN}",
        lambda g, q: InsertText(
            _word(g["text"], q),
            "after" if g["side"].lower() in ("after", "below", "behind") else "before",
            _word(g["anchor"], q),
            _doc(g, q),
            _which(g),
        ),
    ),
    _form(
        r"(?:prepend|start\s+with)\s+(?P<text>⟦\d+⟧)(?:\s+(?:to|in)\s+(?:the\s+)?(?:document\s+)?(?P<doc>⟦\d+⟧|\S+))?",
        lambda g, q: AppendText(_word(g["text"], q), _doc(g, q), at_start=True),
    ),
    _form(
        r"(?:append|write|add)\s+(?P<text>⟦\d+⟧)(?:\s+(?:at|to)\s+the\s+end)?",
        lambda g, q: AppendText(_word(g["text"], q)),
    ),
    _form(
        rf"(?:replace|substitute|swap|turn)\s+{_ORD}(?P<old>{_V})\s+(?:with|by|for|into|to|->|→)\s+(?P<new>{_V}){_IN}",
        lambda g, q: ReplaceText(_word(g["old"], q), _word(g["new"], q), _doc(g, q), _which(g)),
    ),
    _form(
        r"(?:send\s+(?:a\s+|an\s+)?)?(?:e-?mail|mail)\s+(?:to\s+)?(?P<to>⟦\d+⟧|[^\s⟦⟧]+@[^\s⟦⟧]+)\s+(?:with\s+)?(?:the\s+)?subject\s+"
        r"(?P<subject>⟦\d+⟧)\s+(?:and\s+)?(?:saying|text|body|with)\s+(?P<text>⟦\d+⟧)(?:\s+(?:via|through)\s+(?P<via>[\w-]+))?",
        lambda g, q: SendMail(_word(g["to"], q), _word(g["subject"], q), _word(g["text"], q), g.get("via")),
    ),
    _form(
        rf"(?:call|notify|tell|trigger)\s+(?:the\s+)?(?:webhook\s+|receiver\s+)?(?P<via>[\w-]+)\s+(?:with|about|that)\s+(?P<value>{_V})",
        lambda g, q: CallHook(g["via"], value_of(g["value"], q)),
    ),
    _form(
        rf"change\s+{_ORD}(?P<old>⟦\d+⟧)\s+(?:to|into|->|→)\s+(?P<new>{_V}){_IN}",
        lambda g, q: ReplaceText(_word(g["old"], q), _word(g["new"], q), _doc(g, q), _which(g)),
    ),
    _form(
        rf"(?:increase|raise|bump|increment|grow)\s+{_T}\s+by\s+(?P<by>{_N})\s*(?P<percent>%|percent)?",
        lambda g, q: AddNumber(_word(g["target"], q), _number(g["by"]), "percent" in g),
    ),
    _form(
        rf"(?:decrease|reduce|lower|cut|decrement|shrink|drop)\s+{_T}\s+by\s+(?P<by>{_N})\s*(?P<percent>%|percent)?",
        lambda g, q: AddNumber(_word(g["target"], q), -_number(g["by"]), "percent" in g),
    ),
    _form(
        rf"(?:subtract|take)\s+(?P<by>{_N})\s+(?:from|off)\s+{_T}",
        lambda g, q: AddNumber(_word(g["target"], q), -_number(g["by"])),
    ),
    _form(
        rf"move\s+(?P<value>{_V})\s+(?:in|within|of|inside)\s+{_T}\s+to\s+(?:position\s+|place\s+|number\s+|the\s+)?"
        r"(?P<at>\d{1,6}|top|start|first|end|bottom|last)(?:\s+(?:position|place))?",
        lambda g, q: MoveItem(_word(g["target"], q), value_of(g["value"], q), _position(g["at"])),
    ),
    _form(
        rf"(?P<verb>set|put|make|let|change|update)\s+{_T}\s+(?:to|=|as|be|equal\s+to|equals)\s+(?P<value>{_V})",
        lambda g, q: SetData(_word(g["target"], q), value_of(g["value"], q), _VERBS.get(g["verb"].lower(), "make")),
    ),
    _form(
        rf"(?:change|update)\s+{_T}\s+into\s+(?P<value>{_V})",
        lambda g, q: SetData(_word(g["target"], q), value_of(g["value"], q), "change"),
    ),
    _form(rf"{_T}\s*:?=\s*(?P<value>{_V})", lambda g, q: SetData(_word(g["target"], q), value_of(g["value"], q))),
    _form(
        rf"(?:remove|delete|drop|take)\s+{_ORD}(?P<value>{_V})\s+(?:from|out\s+of|off)\s+{_T}",
        lambda g, q: (
            RemoveItem(_word(g["target"], q), value_of(g["value"], q))
            if _which(g) == "only"
            else DeleteText(_word(g["value"], q), _word(g["target"], q), _which(g))
        ),
    ),
    _form(
        rf"(?:delete|remove|erase|cut|drop)\s+{_ORD}(?P<text>⟦\d+⟧){_IN}",
        lambda g, q: DeleteText(_word(g["text"], q), _doc(g, q), _which(g)),
    ),
    _form(
        rf"(?:add|append|push|put|write)\s+(?P<value>{_V})\s+(?:to|into|onto|at\s+the\s+end\s+of)\s+(?:the\s+)?(?:end\s+of\s+)?(?:list\s+|document\s+)?{_T}",
        lambda g, q: AddItem(_word(g["target"], q), value_of(g["value"], q)),
    ),
    _form(rf"(?:remove|delete|unset|clear|drop)\s+{_T}", lambda g, q: RemoveData(_word(g["target"], q))),
]
