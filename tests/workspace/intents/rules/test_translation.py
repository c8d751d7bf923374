"""Planners and clients speak of documents by name, the log by id; where nothing was renamed both are the same."""

from __future__ import annotations

from crdt.operations.item_readings import Reading
from crdt.operations.ops import CreateDocument, Increment
from workspace.intents.model.document_acts import DocumentAct, new_id
from workspace.intents.model.intent import Expect, IntentFrame, Need, Scope
from workspace.intents.model.plan import Image, Planned, Repair, Snapshot, Steer, Task
from workspace.intents.rules.document_acts import refuse_act
from workspace.intents.rules.translation import by_id, by_name, frame_by_id
from workspace.intents.state.catalog import Catalog

IMAGE = Image("data", b"")


def renamed() -> Catalog:
    """Return a catalog in which `budget` is called `costs`, another `budget` was made, and `old` was deleted."""
    catalog = Catalog()
    for doc in ("budget", "old"):
        catalog.make(doc)
    catalog.enter(DocumentAct("rename", "budget", "costs"), seq=3, at="now", actor="Olga")
    catalog.enter(DocumentAct("delete", "old"), seq=4, at="now", actor="Olga")
    catalog.make("budget/_5")
    return catalog


def snapshot(catalog: Catalog) -> Snapshot:
    shown = [doc for doc in catalog.ids if catalog.is_living(doc)]
    names = {catalog.name_of(doc): doc for doc in shown}
    return Snapshot(5, dict.fromkeys(shown, IMAGE), names, catalog.called())


def test_a_planner_reads_names_and_its_plan_is_kept_by_ids() -> None:
    catalog = renamed()
    base = snapshot(catalog)
    repair = Repair("stale_read", "because", (Increment("budget", ("n",), 1),), base=base)
    steers = (Steer("i2", "Ben", "more", (Scope("budget/_5"),)),)
    task = Task("w", "i1", "Ana", "editor", "x", (Scope("budget"),), base, repair=repair, steers=steers,
                writers={"budget": ("Ana",)})  # fmt: skip
    told = by_name(task, catalog)
    assert told.snapshot.documents.keys() == {"costs", "budget"}
    assert told.scope == (Scope("costs"),)
    assert told.steers[0].scope == (Scope("budget"),)
    assert told.writers == {"costs": ("Ana",)}
    assert told.repair is not None
    assert told.repair.ops == (Increment("costs", ("n",), 1),)
    ops = (Increment("costs", ("n",), 1), Increment("budget", ("n",), 1), CreateDocument("old", "text"))
    acts = (DocumentAct("rename", "costs", "sums"), DocumentAct("restore", "old"), DocumentAct("delete", "nowhere"))
    plan = by_id(
        Planned(ops, (Reading("costs", "h"),), acts=acts),
        base,
        catalog=catalog,
        new=lambda name: new_id(name, catalog.ids, 7),
    )
    assert [op.doc for op in plan.ops] == ["budget", "budget/_5", "old/_7"]
    assert [reading.doc for reading in plan.reads] == ["budget"]
    assert [(act.doc, act.was) for act in plan.acts] == [("budget", "costs"), ("old", "old"), ("nowhere", "nowhere")]


def test_an_act_by_a_name_that_was_given_up_is_on_no_document() -> None:
    catalog = Catalog()
    catalog.make("plan")
    catalog.enter(DocumentAct("rename", "plan", "schedule"), seq=2, at="now", actor="Olga")
    acts = (DocumentAct("delete", "plan"), DocumentAct("archive", "schedule"))
    planned = by_id(Planned((), (), acts=acts), snapshot(catalog), catalog=catalog, new=lambda name: name)
    gone, named = planned.acts
    assert (named.doc, named.was) == ("plan", "schedule")
    assert gone.doc not in catalog.ids
    refusal = refuse_act(catalog, gone, documents_max=9)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == ("document_renamed", "plan is called schedule now.")


def test_a_restore_is_of_what_was_put_away_and_not_of_what_lives_under_its_name() -> None:
    catalog = Catalog()
    catalog.make("old")
    catalog.enter(DocumentAct("delete", "old"), seq=4, at="now", actor="Olga")
    catalog.make("old/_5")
    acts = (DocumentAct("restore", "old", "back"), DocumentAct("rename", "old", "new"))
    planned = by_id(Planned((), (), acts=acts), snapshot(catalog), catalog=catalog, new=lambda name: name)
    assert [act.doc for act in planned.acts] == ["old", "old/_5"]
    catalog.enter(DocumentAct("delete", "old/_5"), seq=6, at="now", actor="Olga")
    catalog.make("old/_7")
    planned = by_id(Planned((), (), acts=acts), snapshot(catalog), catalog=catalog, new=lambda name: name)
    assert [act.doc for act in planned.acts] == ["old/_0", "old/_7"], "of several none"
    named = (DocumentAct("restore", "_id/old/_5", "back"),)
    planned = by_id(Planned((), (), acts=named), snapshot(catalog), catalog=catalog, new=lambda name: name)
    assert [act.doc for act in planned.acts] == ["old/_5"]


def test_where_nothing_was_renamed_nothing_is_translated() -> None:
    catalog = Catalog()
    catalog.make("budget")
    task = Task("w", "i1", "Ana", "editor", "x", (Scope("budget"),), snapshot(catalog))
    assert by_name(task, catalog) is task
    frame = IntentFrame(n=1, scope=(Scope("budget"),))
    assert frame_by_id(frame, catalog) is frame


def test_a_client_names_a_document_as_it_is_called_as_it_was_or_by_its_id() -> None:
    catalog = renamed()
    for name, doc in (("costs", "budget"), ("budget", "budget/_5"), ("_id/budget", "budget"), ("nowhere", "nowhere")):
        frame = IntentFrame(n=1, scope=(Scope(name),), expects=(Expect(name),), needs={name: Need(sent=1)})
        kept = frame_by_id(frame, catalog)
        assert (kept.scope, kept.expects, kept.needs) == ((Scope(doc),), (Expect(doc),), {doc: Need(sent=1)})
