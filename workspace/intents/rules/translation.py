"""Planners speak of documents by name, as people do; the log by id. What crosses that line is translated here.

Names are those of the snapshot that a plan is made on: who renames a document meanwhile disturbs no plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from workspace.errors import Refusal
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.document_acts import Acts, DocumentAct, nobodys_id
from workspace.intents.model.intent import IntentFrame, Scope
from workspace.intents.model.plan import Planned, Repair, Snapshot, Steer, Task
from workspace.intents.rules.document_acts import find_away
from workspace.intents.state.catalog import Catalog

Placed = TypeVar("Placed", bound=msgspec.Struct)


def by_name(task: Task, catalog: Catalog) -> Task:
    """Return a task as its planner reads it: every document by its name."""
    if catalog.is_plain:
        return task
    name = catalog.name_of
    return msgspec.structs.replace(
        task,
        scope=_scope(task.scope, name),
        snapshot=_snapshot(task.snapshot, name),
        repair=_repair(task.repair, name) if task.repair is not None else None,
        steers=tuple(Steer(one.intent, one.actor, one.text, _scope(one.scope, name)) for one in task.steers),
        writers={name(doc): who for doc, who in task.writers.items()},
    )


def by_id(planned: Planned, base: Snapshot, *, catalog: Catalog, new: Callable[[str], str]) -> Planned:
    """Return a plan with every document by its id, by the names that they had in its snapshot.

    What it makes is given a new id by `new`. An act on a document that nobody calls so keeps the name it was given, and
    is never one on the document that has this name for its id: that one is called otherwise by now. What is restored
    was put away, as `catalog` has it: a snapshot has what lives.
    """

    names, former = base.names, base.former
    ids = {*names.values(), *former.values()}

    def id(doc: str) -> str:
        return names.get(doc) or new(doc)

    def known(doc: str) -> str:
        return names.get(doc) or former.get(doc) or (nobodys_id(doc) if doc in ids else doc)

    def meant(act: DocumentAct) -> str:
        away = find_away(catalog, act.doc) if act.do == Acts.RESTORE else None
        return nobodys_id(act.doc) if isinstance(away, Refusal) else away or known(act.doc)

    acts = tuple(DocumentAct(act.do, meant(act), act.name, was=act.doc) for act in planned.acts)
    return msgspec.structs.replace(
        planned,
        ops=tuple(_placed(op, id) for op in planned.ops),
        reads=tuple(_placed(reading, id) for reading in planned.reads),
        acts=acts,
    )


def frame_by_id(frame: IntentFrame, catalog: Catalog) -> IntentFrame:
    """Return what a client sent with every document by its id, as the log keeps it; one nobody knows stays as it is."""

    def id_of(name: str) -> str:
        return catalog.find(name) or name

    named = [*(part.doc for part in frame.scope or ()), *(one.doc for one in frame.expects), *frame.needs]
    if all(id_of(name) == name for name in named):
        return frame
    return msgspec.structs.replace(
        frame,
        scope=_scope(frame.scope, id_of),
        expects=tuple(_placed(one, id_of) for one in frame.expects),
        needs={id_of(doc): need for doc, need in frame.needs.items()},
    )


def setup_by_id(config: ConfigBody, catalog: Catalog) -> ConfigBody:
    """Return a set-up from outside whose rules and regions go by the ids of documents, as the log keeps them."""
    return _setup(config, lambda name: catalog.find(name) or name)


def setup_by_name(config: ConfigBody, catalog: Catalog) -> ConfigBody:
    """Return a set-up as people read it: rules and regions by the names of documents."""
    return _setup(config, catalog.name_of)


def _setup(config: ConfigBody, call: Callable[[str], str]) -> ConfigBody:
    rules, policy = config.invariants, config.policy
    if rules is not None:
        rules = {name: _placed(rule, call) for name, rule in rules.items()}
    if policy is not None:
        policy = msgspec.structs.replace(policy, regions=tuple(_placed(part, call) for part in policy.regions))
    return msgspec.structs.replace(config, invariants=rules, policy=policy)


def _placed(one: Placed, call: Callable[[str], str]) -> Placed:
    doc: str = getattr(one, "doc")  # noqa: B009  every kind of operation and reading has one, and no type in common
    called = call(doc)
    return one if called == doc else msgspec.structs.replace(one, doc=called)


def _scope(scope: tuple[Scope, ...] | None, call: Callable[[str], str]) -> tuple[Scope, ...] | None:
    return None if scope is None else tuple(_placed(part, call) for part in scope)


def _snapshot(snapshot: Snapshot, call: Callable[[str], str]) -> Snapshot:
    documents = {call(doc): image for doc, image in snapshot.documents.items()}
    assert len(documents) == len(snapshot.documents), "no two documents that live have one name"
    return Snapshot(snapshot.seq, documents, snapshot.names, snapshot.former)


def _repair(repair: Repair, call: Callable[[str], str]) -> Repair:
    return Repair(
        repair.code,
        repair.reason,
        tuple(_placed(op, call) for op in repair.ops),
        repair.summary,
        _snapshot(repair.base, call) if repair.base is not None else None,
    )
