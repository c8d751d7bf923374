"""What may be done with a document as a whole, as things stand, and what that refuses (semantics §2).

By whom, `rules/places.py` says. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crdt.documents.document import Document
from crdt.operations.ops import CreateDocument, Op
from workspace.errors import Refusal
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.document_acts import (
    BECOMES,
    BY_ID,
    KEPT_FACTOR,
    Acts,
    DocumentAct,
    made_as,
    words_of_act,
)
from workspace.intents.model.wording import told
from workspace.intents.state.catalog import Catalog
from workspace.intents.state.fold import WorkspaceState

ASK_RESTORE = "Go on in another document, or have the owner restore it."
# So many ids a refusal names.
IDS_SHOWN = 5


def acts_of(plan: PlanBody) -> tuple[DocumentAct, ...]:
    """Return what a plan does with documents as a whole."""
    return plan.acts if isinstance(plan.acts, tuple) else ()


def changes_nothing(catalog: Catalog, act: DocumentAct) -> bool:
    """Tell whether a document is already what an act would make of it."""
    if act.do == Acts.RENAME:
        return catalog.name_of(act.doc) == act.name
    is_named = not act.name or catalog.name_of(act.doc) == act.name
    return catalog.state_of(act.doc) == BECOMES[act.do] and is_named


def find_away(catalog: Catalog, name: str) -> str | Refusal | None:
    """Return the id of the document that a restore by this name is about; None where nothing so called is put away.

    The name's own document comes first, where it is put away. Where another lives under that name by now, it is the one
    that was called so when it was put away; of several none is guessed.
    """
    doc, away = catalog.find(name), catalog.away_as(name)
    if doc is not None and doc in catalog.put_away and catalog.is_called(doc, name):
        return doc
    if len(away) <= 1:
        return away[0] if away else None
    ids = ", ".join(f"{BY_ID}{one}" for one in away[:IDS_SHOWN])
    more = f" and {len(away) - IDS_SHOWN} more" if len(away) > IDS_SHOWN else ""
    reason = f"{len(away)} documents that were called {name} are put away: {ids}{more}."
    return Refusal("ambiguous", reason, "Name one of them by its id.")


def refuse_act(catalog: Catalog, act: DocumentAct, *, documents_max: int) -> Refusal | None:
    """Return why an act may not be as things stand, or None. Rights are `places.refuse_act_at`'s."""
    is_new = act.doc in catalog.ids and not changes_nothing(catalog, act)
    refused = (_refuse_in_state(catalog, act) if is_new else None) or refuse_logged(catalog, act)
    if refused is not None or not is_new:
        return refused
    if act.do == Acts.RESTORE and catalog.living >= documents_max:
        return Refusal(
            "too_large",
            f"A workspace has at most {documents_max} documents.",
            "Archive or delete one that is not needed, then restore this one.",
        )
    return None


def refuse_logged(catalog: Catalog, act: DocumentAct) -> Refusal | None:
    """Return why no log may hold an act, or None.

    Older servers renamed what was put away, and what lives where it was to be restored: their logs are sound.
    """
    if act.doc not in catalog.ids:
        return _refuse_unknown(catalog, act)
    if changes_nothing(catalog, act):
        return None
    state, name = catalog.state_of(act.doc), catalog.name_of(act.doc)
    wanted = act.name or name
    takes_name = act.do == Acts.RENAME or (act.do == Acts.RESTORE and (state == "deleted" or wanted != name))
    if takes_name and not catalog.is_free(wanted):
        return Refusal("exists", f"There is a document {wanted} already.", "Choose another name.")
    if act.do == Acts.ARCHIVE and state == "deleted":
        return Refusal("document_deleted", f"{name} was deleted.", "Restore it first.")
    return None


def refuse_idle(catalog: Catalog, act: DocumentAct) -> Refusal | None:
    """Return why an instruction may not restore what lives, or None: nobody is told that it was done."""
    if act.do != Acts.RESTORE or not catalog.is_living(act.doc):
        return None
    name = catalog.name_of(act.doc)
    return Refusal("exists", f"{name} lives, and nothing that was called so is put away.", "Rename it, if it is meant.")


def _refuse_in_state(catalog: Catalog, act: DocumentAct) -> Refusal | None:
    state, name = catalog.state_of(act.doc), catalog.name_of(act.doc)
    match act.do:
        case Acts.RENAME if state != "living":
            return Refusal(
                f"document_{state}", f"{name} was {state}.", "Restore it, under the new name if it is meant."
            )
        case Acts.RESTORE:
            return refuse_idle(catalog, act)
        case Acts.ARCHIVE | Acts.DELETE if act.name:
            return Refusal("malformed", f"To {act.do} {name} gives it no other name.", "Leave the name out.")
        case _:
            return None


def _refuse_unknown(catalog: Catalog, act: DocumentAct) -> Refusal:
    away = find_away(catalog, act.was) if act.do == Acts.RESTORE else None
    if isinstance(away, Refusal):
        return away
    return refuse_former(catalog, act.was) or Refusal(
        "not_found", f"There is no document {act.was or act.doc}.", "Name one that there is."
    )


def refuse_former(catalog: Catalog, name: str) -> Refusal | None:
    """Return why nothing is done to a document by a name that it had before, or None: whose it is now, is said."""
    doc = catalog.find(name)
    if doc is None or catalog.is_called(doc, name):
        return None
    now = catalog.name_of(doc)
    return Refusal("document_renamed", f"{name} is called {now} now.", f"Name {now}, if it is meant.")


def refuse_more(catalog: Catalog, *, documents_max: int, count: int = 1) -> Refusal | None:
    """Return why so many more documents cannot be made, or None: too many live, or too many are kept."""
    if catalog.living + count > documents_max:
        reason = f"A workspace has at most {documents_max} documents."
        return Refusal("too_large", reason, "Archive or delete one that is not needed.")
    if len(catalog.ids) + count > documents_max * KEPT_FACTOR:
        reason = f"A workspace keeps at most {documents_max * KEPT_FACTOR} documents, the deleted ones among them."
        return Refusal("too_large", reason, "Restore one of those instead, and rename it; or make another workspace.")
    return None


def refuse_put_away(fold: WorkspaceState, docs: Iterable[str]) -> Refusal | None:
    """Return why nothing may be written in these documents, because one was archived or deleted; or None."""
    catalog = fold.catalog
    gone = sorted({doc for doc in docs if doc in catalog.put_away})
    if not gone:
        return None
    put = catalog.put_away[gone[0]]
    assert put.state != "living", "what lives is not put away"
    return Refusal(f"document_{put.state}", f"{catalog.name_of(gone[0])} was {put.state} by {put.actor}.", ASK_RESTORE)


def refuse_made(catalog: Catalog, ops: Sequence[Op]) -> Refusal | None:
    """Return why a plan may not make what it makes: the name has been taken meanwhile; or None."""
    for op in ops:
        if isinstance(op, CreateDocument) and not catalog.is_free(made_as(op.doc)):
            reason = f"There is a document {made_as(op.doc)} already."
            return Refusal("exists", reason, "Choose another name.")
    return None


def done_by(
    catalog: Catalog, plan: PlanBody, ops: Sequence[Op], before: Mapping[str, Document], after: Mapping[str, Document]
) -> tuple[str, ...]:
    """Return what came of a plan in words, each document by its name before it; `after` are those that it wrote."""
    acts = [act for act in acts_of(plan) if not changes_nothing(catalog, act)]
    said = tuple(words_of_act(act) for act in acts)
    if not catalog.names and all(made_as(op.doc) == op.doc for op in ops):
        return (*told(ops, before, after), *said)
    docs = {op.doc for op in ops}
    named = [msgspec.structs.replace(op, doc=catalog.name_of(op.doc)) for op in ops]
    was, now = ({catalog.name_of(doc): one[doc] for doc in docs if doc in one} for one in (before, after))
    return (*told(named, was, now), *said)
