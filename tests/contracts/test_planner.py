"""One contract for every planner: named, told apart by its work alone, and never writing on what it was given."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from crdt.operations.fork import run
from tests.support.model import reply, scripted_model, use
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.plan import OPS_MAX, Image, Planned, PlanRefused, Snapshot, Task
from workspace.ports import Planner

TEXT = "# Plan 😀\n\nHi folks.\n"
EDIT = use("str_replace", document="plan", old_str="Hi folks.", new_str="Dear all.")
REPLIES = [
    reply(EDIT, use("finish", summary="Greeted."), when_text="Hi folks"),
    reply(use("finish", summary="There is nothing to do."), when_text="xyzzy"),
]


@asynccontextmanager
async def builtin() -> AsyncIterator[Planner]:
    yield BuiltinPlanner()


@asynccontextmanager
async def on_a_model() -> AsyncIterator[Planner]:
    async with scripted_model(REPLIES * 4) as model:
        yield model.planner()


Making = Callable[[], AbstractAsyncContextManager[Planner]]
PLANNERS = pytest.mark.parametrize("making", [builtin, on_a_model])


def plan_document() -> Document:
    document = Document("text", client=7)
    with document.transaction():
        document.insert_text(0, TEXT)
    return document


def task(text: str, document: Document) -> Task:
    return Task("w", "i1", "Ana", "editor", text, None, Snapshot(1, {"plan": Image("text", document.encode())}))


@PLANNERS
async def test_its_name_says_which_version_planned(making: Making) -> None:
    async with making() as planner:
        assert re.fullmatch(r"[\w.:+/@ -]+", planner.name)
        assert re.search(r"@\d+", planner.name)


@PLANNERS
async def test_a_plan_is_typed_operations_that_run_on_the_snapshot_and_leave_it_as_it_was(making: Making) -> None:
    document = plan_document()
    given = task('replace "Hi folks." with "Dear all."', document)
    before = document.encode()
    async with making() as planner:
        await planner.open()
        proposal = await planner.plan(given, FakePlanContext())
        await planner.close()
    assert isinstance(proposal, Planned)
    assert 0 < len(proposal.ops) <= OPS_MAX
    assert proposal.planner
    assert proposal.summary
    ran = run({"plan": document}, proposal.ops, proposal.reads, client=99)
    assert ran.documents["plan"].value() == TEXT.replace("Hi folks.", "Dear all.")
    assert document.encode() == before, "a planner works on copies"


@PLANNERS
async def test_the_same_task_is_the_same_plan(making: Making) -> None:
    document = plan_document()
    async with making() as planner:
        found = [
            await planner.plan(task('replace "Hi folks." with "Dear all."', document), FakePlanContext())
            for _ in range(2)
        ]
    first, again = (plan.ops for plan in found if isinstance(plan, Planned))
    assert first == again


@PLANNERS
async def test_what_it_cannot_do_is_said_and_not_raised(making: Making) -> None:
    async with making() as planner:
        proposal = await planner.plan(task("xyzzy plugh", plan_document()), FakePlanContext())
    if isinstance(proposal, PlanRefused):
        assert proposal.code
        assert proposal.reason
    else:
        assert isinstance(proposal, Planned)
        assert not proposal.ops


@PLANNERS
async def test_who_is_cancelled_ends_and_leaves_no_call_open(making: Making) -> None:
    context = FakePlanContext()
    async with making() as planner:
        planning = asyncio.create_task(planner.plan(task('replace "Hi folks." with "x"', plan_document()), context))
        await asyncio.sleep(0)
        planning.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(planning, return_exceptions=True)
    assert len(context.closed) == len(context.opened), "every call that was opened is closed"
