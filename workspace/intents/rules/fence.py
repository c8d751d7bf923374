"""The scope is a fence: what a plan writes outside the place its author pointed at waits for a word (semantics §1.2).

The fence of a plan is what its author and those it serves besides have pointed at; who pointed at nothing set none. A
document that a plan makes is inside where its author has named it. Asked is whoever may answer for the instruction, and
what was allowed once need not be asked again. Pure: the sequencer asks by it, an audit checks by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from crdt.documents.anchor import Anchor, resolve_anchor
from crdt.documents.document import Document
from crdt.documents.paths import dotted
from crdt.errors import CrdtError
from crdt.operations.ops import Check, CreateDocument, Delete, DeleteValue, Insert, ListRemove, Op
from workspace.intents.model.bodies import Layer, Layers, PlanBody
from workspace.intents.model.document_acts import made_as, words_of_act
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import WHOLE
from workspace.intents.model.policies import Fates
from workspace.intents.model.wording import whole_words
from workspace.intents.rules.conflict import Area, areas_of_plan, areas_of_scope
from workspace.intents.rules.document_acts import acts_of
from workspace.intents.state.board import Board, Entry

LAYER: Layer = Layers.SCOPE
PLACES_SHOWN_MAX = 6
FILLERS = frozenset(
    re.findall(r"\w+", "a an the it its this that these those is are was be in on of to and or with for from by")
)


def outside(plan: PlanBody, entry: Entry, board: Board, documents: Mapping[str, Document]) -> tuple[str, ...]:
    """Return what a plan does where nobody it serves has pointed, in words that stand for just that; losses first."""
    subject = board.subject_of(entry)
    served = [subject, *(board.entries[id] for id in dict.fromkeys((*entry.steers, *subject.steers)))]
    words = " ".join(one.body.text for one in served)
    if _fence_of(subject, documents) is None:
        # A document as a whole is put away or renamed on the word of who has named it, wherever they point.
        return tuple(words_of_act(act) for act in acts_of(plan) if not _is_named(act.was, words))
    # Who joined and pointed at nothing opens no fence of somebody else's.
    fence = [area for one in served for area in _fence_of(one, documents) or ()]
    made = {op.doc for op in plan.ops if isinstance(op, CreateDocument) and _is_named(made_as(op.doc), words)}
    beyond = [
        op
        for op in plan.ops
        if not isinstance(op, Check) and op.doc not in made and not _is_inside(op, fence, documents)
    ]
    ordered = sorted(beyond, key=lambda op: not isinstance(op, Delete | DeleteValue | ListRemove))
    # Decision 85: a yes is to these very deeds, so the words must stand for just them.
    said = [words_of_act(act) for act in acts_of(plan) if not (_is_whole(act.doc, fence) or _is_named(act.was, words))]
    said += [whole_words(op, documents.get(op.doc)) for op in ordered]
    # The same twice is two deeds: a yes to one is none to the other.
    counts = [said[: at + 1].count(one) for at, one in enumerate(said)]
    return tuple(one if count == 1 else f"{one} ({count})" for one, count in zip(said, counts, strict=True))


def reaches(ops: Sequence[Op], entry: Entry, documents: Mapping[str, Document]) -> bool:
    """Tell whether a plan does anything where an intent points: else it cannot be done with that plan."""
    fence = _fence_of(entry, documents)
    return fence is None or any(_is_inside(op, fence, documents) for op in ops)


def _fence_of(entry: Entry, documents: Mapping[str, Document]) -> tuple[Area, ...] | None:
    """Return where an intent points; for a place that is gone the whole document, where its author has said so."""
    areas = areas_of_scope(entry.body.scope, documents)
    if areas is None or not any(exchange.answer == WHOLE for exchange in entry.exchanges):
        return areas
    return tuple(Area(area.doc) if area.span is not None and area.span[0] == area.span[1] else area for area in areas)


def _is_named(doc: str, words: str) -> bool:
    """Tell whether somebody speaks of a document of that name: in quotes, or as a document; a mere word is no name."""
    name, quoted = re.escape(doc), rf"[\"“”„«‘'`]{re.escape(doc)}[\"“”»’'`]"
    said = rf"(?:documents?|docs?|called|named)\s+{name}(?!\w)|(?<!\w){name}\s+(?:document|doc)(?!\w)"
    is_word = doc.casefold() in FILLERS
    return re.search(quoted if is_word else f"{quoted}|{said}", words, re.I) is not None


def _is_whole(doc: str, fence: Iterable[Area]) -> bool:
    return any(area.doc == doc and area.span is None and area.path is None for area in fence)


def _is_inside(op: Op, fence: Iterable[Area], documents: Mapping[str, Document]) -> bool:
    own = [area for area in fence if area.doc == op.doc]
    if _is_whole(op.doc, own):
        return True
    if not own or isinstance(op, CreateDocument):
        return False
    try:
        here = _area_of(op, documents[op.doc])
    except (KeyError, CrdtError):
        return False
    return any(_holds(area, here) for area in own)


def _area_of(op: Op, document: Document) -> Area:
    if isinstance(op, Insert):  # where it comes to stand, not the character that it clings to
        at = resolve_anchor(document, Anchor.decode(op.at))
        return Area(op.doc, span=(at, at))
    (area,) = areas_of_plan((op,), (), {op.doc: document})
    return area


def _holds(outer: Area, inner: Area) -> bool:
    if outer.span is not None and inner.span is not None:
        return outer.span[0] <= inner.span[0] and inner.span[1] <= outer.span[1]
    assert outer.doc == inner.doc, "areas of one document are held against each other"
    if outer.path is not None and inner.path is not None:
        return inner.path[: len(outer.path)] == outer.path
    return False


def allowed(entry: Entry, board: Board) -> frozenset[str]:
    """Return what an intent may do outside its scope, because somebody was asked just that and said so.

    Who approves a suggestion has seen what it does: for an approval that counts, whatever was answered before.
    """
    subject = board.subject_of(entry)
    found = set[str]()
    for decision in [*entry.decisions, *(subject.decisions if subject is not entry else ())]:
        if decision.layer != LAYER:
            continue
        does = (decision.question.evidence if decision.question is not None else decision.evidence).get("does")
        if isinstance(does, list) and (entry is not subject or decision.outcome.get(entry.id) == Fates.RUN):
            found.update(map(str, does))
    return frozenset(found)


def pointed(entry: Entry, board: Board) -> str:
    """Return in words where the author of an intent points."""
    return _listed(list(dict.fromkeys(_place(part) for part in board.subject_of(entry).body.scope or ())))


def _place(part: Scope) -> str:
    if part.keys:
        return ", ".join(f"{part.doc}.{dotted(path)}" for path in part.keys[:PLACES_SHOWN_MAX])
    return part.doc if part.is_whole else f"a passage of {part.doc}"


def _listed(places: Sequence[str]) -> str:
    more = len(places) - PLACES_SHOWN_MAX
    assert places, "who sets a fence has pointed somewhere"
    return ", ".join([*places[:PLACES_SHOWN_MAX], *([f"{more} more places"] if more > 0 else [])])
