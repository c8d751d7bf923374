"""`folkmoot documents`: which documents there are, and what is done with them as a whole; also beside a running server.

The change stands in the log when the command ends, and a server that has the workspace open has let go of it: people
there reconnect, and are told.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent.commands.agent_stop import is_taken
from agent.commands.records import must_exist, with_store
from agent.commands.refusals import refused
from agent.commands.serve import complain, settings_of
from workspace.clock import SystemClock
from workspace.errors import Refusal
from workspace.history.read import read_all
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.document_acts import PAST, ActName, Acts, DocumentAct
from workspace.intents.rules.document_acts import changes_nothing, find_away, refuse_act, refuse_former, refuse_idle
from workspace.intents.state.catalog import Catalog
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.replay import fold_log
from workspace.names import compose, find_document, is_actor, refuse_document_name
from workspace.ports import Store
from workspace.registry.outside import Decide, change_outside

Notes = Callable[[Store], Awaitable[list[str]]]


def listed(ws: str, is_all: bool, database: str | None, data: Path | None) -> int:
    """Print the documents that live, or all: name, kind, and by whom and when one was put away."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        fold = fold_log(*await read_all(store, ws))
        catalog = fold.catalog
        for doc in sorted(fold.kinds, key=lambda doc: (catalog.name_of(doc), doc)):
            put = catalog.put_away.get(doc)
            if put is not None and not is_all:
                continue
            away = f"  {put.state} by {put.actor}, {put.at}" if put is not None else ""
            called = f"  (id {doc})" if catalog.name_of(doc) != doc else ""
            print(f"{catalog.name_of(doc)}  {fold.kinds[doc]}{called}{away}")
        return 0

    return with_store(database, data, work)


def change(do: ActName, ws: str, document: str, name: str, actor: str, database: str | None, data: Path | None) -> int:
    """Rename, archive, delete or restore a document; exit code 0 once it is in the log, or was so already.

    A restore of what lives is refused: nothing is restored.
    """
    name = compose(name)
    refusal = refuse_document_name(name) if name or do == "rename" else None
    if refusal is not None:
        return complain(f"{refusal.reason} {refusal.remedy}")
    settings = settings_of(None, None, database, data)

    def decide(fold: WorkspaceState) -> ConfigBody | Refusal | None:
        doc = _meant(fold.catalog, do, find_document(document, fold.catalog.holders))
        if isinstance(doc, Refusal):
            return doc
        act = DocumentAct(do, doc, name, was=fold.catalog.name_of(doc))
        refused = refuse_act(fold.catalog, act, documents_max=settings.documents_max)
        refused = refused or refuse_idle(fold.catalog, act)
        return refused or (None if changes_nothing(fold.catalog, act) else ConfigBody(acts=(act,)))

    said = f"{document} is {PAST[do]}{f' to {name}' if do == 'rename' else ''}: it is in the log of {ws}."
    return carry_out(ws, decide, actor=actor, said=said, database=database, data=data)


def _meant(catalog: Catalog, do: ActName, name: str) -> str | Refusal:
    """Return the id of the document that an act by this name is about, or why there is none."""
    away = find_away(catalog, name) if do == Acts.RESTORE else None
    doc = catalog.find(name)
    if away is not None or doc is None:
        return away or Refusal("not_found", f"There is no document {name}.", "")
    return refuse_former(catalog, name) or doc


def carry_out(
    ws: str,
    decide: Decide,
    *,
    actor: str,
    said: str,
    database: str | None,
    data: Path | None,
    notes: Notes | None = None,
    unchanged: str = "",
) -> int:
    """Have the kernel append what `decide` wants to a workspace's log, also beside a running server; then say so.

    `notes` are what else is to be told then, beside what was done; `unchanged` is said where nothing was to be done.
    """
    if not is_actor(actor):
        return complain("--actor is a name of 1 to 64 printable characters.")
    bounds = settings_of(None, None, database, data).bounds()

    is_new = True

    def noted(fold: WorkspaceState) -> ConfigBody | Refusal | None:
        nonlocal is_new
        wanted = decide(fold)
        is_new = wanted is not None
        return wanted

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        done = await change_outside(store, SystemClock(), ws, actor=actor, decide=noted, bounds=bounds)
        if isinstance(done, Refusal):
            return refused(done, ws)
        if done is not None and not await is_taken(store, done):
            await store.drop_switch(done)  # no server has it open: nobody has to let go of it
        print(said if is_new else unchanged or said)
        for note in await notes(store) if notes is not None else ():
            print(f"Note: {note}", file=sys.stderr)
        return 0

    return with_store(database, data, work)
