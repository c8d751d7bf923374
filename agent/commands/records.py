"""Commands that look into a database, also beside a running server: log, verify, replay, token."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from agent.commands.serve import complain, explain, settings_of
from crdt.digest import Json
from workspace.access import ROLES, is_given
from workspace.clock import SystemClock
from workspace.errors import LogNewer, RecordUnknown, WorkspaceExists, WorkspaceFault, WorkspaceMissing
from workspace.history.blob_octets import damaged_in
from workspace.history.read import read_all, verify_log
from workspace.intents.audit.attribution import POINTS_MAX, Stretch, attribute_text, attribute_value
from workspace.intents.audit.decision_review import changed
from workspace.intents.audit.verify import Report
from workspace.intents.audit.verify import verify as audit
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import BODIES, ConfigBody, PolicyConfig, RecordKinds
from workspace.intents.model.record import Row, body_parts, read_row, seal
from workspace.intents.model.times import timestamp
from workspace.intents.rules.evidence import render
from workspace.intents.rules.policy import check
from workspace.intents.state.replay import fold_log
from workspace.names import RESERVED_ACTORS, is_actor, is_workspace_id
from workspace.ports import Batch, Store, WorkspaceRow
from workspace.protocol.messages import encode_record
from workspace.registry.known_names import names_in, people_of
from workspace.registry.people import refuse_new_name
from workspace.registry.tokens import AccessTokens
from workspace.store.address import store_of

FOLLOW_SECONDS = 0.5
PAGE = 1000
SUMMARY_POINTS = 100

StoreTask = Callable[[Store], Awaitable[int]]


def with_store(database: str | None, data: Path | None, work: StoreTask, *, must_exist: bool = True) -> int:
    """Run something on the database the options name, made only if it need not exist; errors say what to do."""

    async def run() -> int:
        store = store_of(settings_of(None, None, database, data).database_url, must_exist=must_exist)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except WorkspaceFault as fault:
        return explain(fault)
    except ValueError as error:
        return complain(str(error))
    except (KeyboardInterrupt, BrokenPipeError):
        return 0


async def must_exist(store: Store, ws: str) -> None:
    """Raise `WorkspaceMissing`, naming those there are, unless the database has this workspace."""
    if await store.workspace(ws) is None:
        known = ", ".join(row.id for row in await store.workspaces()) or "none"
        raise WorkspaceMissing(f"there is no workspace {ws!r} in this database; it has: {known}. Is --data right?")


def log(ws: str, follow: bool, kind: str | None, first: int, raw: bool, database: str | None, data: Path | None) -> int:
    """Print the log, one record a line."""
    if kind is not None and kind not in BODIES:
        return complain(f"there is no kind {kind!r}; the kinds are {', '.join(BODIES)}.")

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        at = first
        while True:
            rows = await store.rows(ws, first=at, limit=PAGE)
            for row in rows:
                assert row.seq >= at, "records come in order"
                at = row.seq + 1
                try:
                    if not raw:  # raw is what stands there, whoever wrote it
                        read_row(row)
                except msgspec.MsgspecError as error:
                    more = f"`folkmoot verify {ws}` says whether the log is intact, --json prints it as it stands"
                    return complain(f"record {row.seq} of {ws}, {row.kind!r}, cannot be read: {error}; {more}.")
                if kind in (None, row.kind):
                    print(encode_record(row).decode() if raw else line_of(row), flush=follow)
            if not rows:
                if not follow:
                    return 0
                await asyncio.sleep(FOLLOW_SECONDS)

    return with_store(database, data, work)


def line_of(row: Row) -> str:
    """Return a record as one readable line."""
    return (
        f"{row.seq:>6}  {row.at}  {row.kind:<10} {row.actor:<12} {_summary(row.kind, json.loads(body_parts(row)[0]))}"
    )


def _summary(kind: str, body: dict[str, object]) -> str:
    match kind:
        case RecordKinds.INTENT:
            words = body["text"] or f"{body.get('refs')} {body.get('value', '')}"
            said = f"{body['kind']} {body['id']} (seen {body['seen']}): {words}"
        case RecordKinds.UPDATE:
            said = f"{body['doc']}: {body['count']} updates, {body['size']} bytes"
        case RecordKinds.PLAN:
            said = f"{body['plan']} for {body['intents']}: {body['summary']}"
        case RecordKinds.DECISION:
            said = f"{body['decision']} {body['policy']} {body['outcome']}: {body['reason']}"
        case RecordKinds.COMMIT:
            said = f"{body['commit']}: {body['summary']}"
        case RecordKinds.CONFIG if isinstance(switch := body.get("switch"), dict):
            where = "on the whole server" if switch["scope"] == "server" else "here"
            why = f": {switch['reason']}" if "reason" in switch else ""
            said = f"the agent {'is stopped' if switch['on'] else 'goes on'}, {where}{why}"
        case RecordKinds.CONFIG if isinstance(rights := body.get("rights"), dict) and rights:
            return f"rules of rights at {', '.join(rights)}"
        case RecordKinds.VERDICT:
            said = f"{body['intent']} {body['state']}: {body['reason']}"
        case _:
            said = json.dumps(body, ensure_ascii=False)
    line = " ".join(said.split())
    return line if len(line) <= SUMMARY_POINTS else line[: SUMMARY_POINTS - 1] + "…"


def verify(ws: str, database: str | None, data: Path | None) -> int:
    """Verify and audit the whole log; exit code 1 where it is not as it was written, or a condition was broken."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        report = await verify_log(store, ws)
        if report.breaches:
            print(f"{ws}: {report.checked} records are as they were written; what they say breaks conditions:")
            _print_breaches(report)
            return 1
        if report.code in (RecordUnknown.code, LogNewer.code):
            return complain(f"{ws} is beyond this version: {report.code}: {report.reason}")
        if not report.ok:
            return complain(
                f"{ws} is NOT intact: {report.code}: {report.reason} (first bad record: {report.first_bad})"
            )
        print(f"{ws}: {report.checked} records verified, {report.states} states reproduced, head {report.head}.")
        return await _verify_blobs(store, ws)

    return with_store(database, data, work)


async def _verify_blobs(store: Store, ws: str) -> int:
    count = (await store.blob_totals(ws)).count
    damaged = await damaged_in(store, ws)
    if damaged:
        return complain(f"{ws} has files that are not what they were: {'; '.join(damaged)}.")
    if count:
        print(f"{ws}: {count} files are what their ids say.")
    return 0


def _print_breaches(report: Report) -> None:
    for breach in report.breaches:
        print(f"  record {breach.seq} breaks {breach.condition}: {breach.reason}")


def blame(ws: str, doc: str, quote: str, at: int | None, database: str | None, data: Path | None) -> int:
    """Print who wrote a passage or value, and who told the agent to."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        rows, journal = await read_all(store, ws)
        fold = fold_log(rows, journal, to=at)
        id = fold.catalog.find(doc) or doc
        if id not in fold.documents:
            known = ", ".join(sorted(map(fold.catalog.name_of, fold.documents)))
            return complain(f"there is no document {doc!r}; there are {known}.")
        if fold.kinds[id] == "data":
            keys = tuple(int(part) if part.isdecimal() else part for part in quote.split(".") if part)
            found = attribute_value(fold, id, keys)
        else:
            text = fold.documents[id].text()
            start = text.find(quote)
            if start < 0:
                return complain(f"{quote!r} does not stand in {doc}.")
            found = attribute_text(fold, id, start, start + (len(quote) or min(len(text), POINTS_MAX)))
        _print_blame(found)
        return 0

    return with_store(database, data, work)


def _print_blame(found: tuple[Stretch, ...]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for part in found:
        words = f"“{part.text}” " if part.text else ""
        console.print(f"{words}— {part.by}, record {part.seq}{f', commit {part.commit}' if part.commit else ''}")
        for told in part.told:
            console.print(f"    {told.actor} ({told.role}) asked: {told.text}", markup=False)
            console.print(f"      {told.intent} at {told.at}, had seen up to record {told.seen}; {told.state}")
            for decision in told.decisions:
                console.print(f"      decided {decision}", markup=False)


def read_changes(text: str) -> dict[str, Json]:
    """Return the fields of a policy that a command line names: a chain `a,b`, a JSON object, or a file `….json`.

    Raises:
        ValueError: they are no fields of a policy, or out of bounds.
        OSError: the file cannot be read.
    """
    if text.strip().endswith(".json"):
        text = Path(text.strip()).read_text(encoding="utf-8")
    changes: dict[str, Json] = {"chain": [name.strip() for name in text.split(",") if name.strip()]}
    if text.strip().startswith("{"):
        changes = json.loads(text)
    refusal = check(changed(PolicyConfig(), changes))
    if refusal is not None:
        raise ValueError(f"{refusal.reason} {refusal.remedy}")
    return changes


def what_if(ws: str, policy: str, database: str | None, data: Path | None) -> int:
    """Print the first decision that the log's own policy with some fields changed would have made otherwise."""
    try:
        changes = read_changes(policy)
    except (ValueError, OSError) as error:
        return complain(f"{error} Give a chain like 'first', a JSON object, or a .json file.")
    named = ", ".join(f"{name} {json.dumps(value)}" for name, value in changes.items())

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        rows, journal = await read_all(store, ws)
        again = decide_again(rows, journal, changes=changes)
        first = again.first
        if first is None:
            print(f"{again.decided} decisions; all would be the same with {named}.")
            return 0
        was, would = first.was or "the people were asked", first.would or "the people would be asked"
        print(f"{again.same} decisions are the same. The first that differs is {first.decision}, record {first.seq}:")
        print(f"  about {', '.join(first.group)}")
        print(f"  was:   {was} ({first.was_by})")
        print(f"  would: {would} ({first.would_by}: {first.reason})")
        behind = f"From record {again.counterfactual_from} on" if again.counterfactual else "Nothing behind it"
        print(f"  {behind}: {again.counterfactual} records are reactions to another history.")
        return 0

    return with_store(database, data, work)


def replay(ws: str, to: int | None, database: str | None, data: Path | None) -> int:
    """Print documents and board after record `to`, and which records up to there should not be."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        rows, journal = await read_all(store, ws)
        if to is not None and to > len(rows):
            return complain(f"the log of {ws} ends at {len(rows)}.")
        fold = fold_log(rows, journal, to=to)
        console = Console(highlight=False, soft_wrap=True)
        console.print(f"[bold]{ws}[/] after record {fold.seq}, state {fold.state()}")
        if fold.stops.is_on:
            console.print(fold.stops.words, markup=False)
        catalog = fold.catalog
        for doc, document in sorted(fold.documents.items()):
            state = "" if catalog.is_living(doc) else f", {catalog.state_of(doc)}"
            console.rule(f"{catalog.name_of(doc)} ({document.kind}{state})")
            console.print(render(document), markup=False)
        table = Table("intent", "who", "state", "text", "reason", title="Board")
        for entry in fold.board.entries.values():
            table.add_row(entry.id, entry.actor, entry.state, entry.body.text, entry.reason)
        console.print(table)
        report = audit(rows if to is None else rows[:to], journal)
        if report.breaches:
            print(f"{len(report.breaches)} conditions are broken:")
            _print_breaches(report)
        return 0 if report.ok else 1

    return with_store(database, data, work)


def token(
    workspace: str,
    actor: str,
    role: str,
    expires: str | None,
    database: str | None,
    data: Path | None,
    is_new: bool = False,
    reads_only: bool = False,
) -> int:
    """Print a fresh token; the workspace is made where it does not exist, the database only if it may be new."""
    wrong = wrong_words(workspace, actor, role)
    if wrong or not is_given(role):
        return complain(" ".join(wrong))
    try:
        until = datetime.fromisoformat(expires).astimezone(UTC).timestamp() if expires else None
    except ValueError:
        return complain(f"--expires {expires!r} is not a date like 2027-01-31T18:00.")
    clock = SystemClock()

    async def work(store: Store) -> int:
        known, is_there = await people_of(store, workspace), await store.workspace(workspace) is not None
        is_logged = is_there and actor not in known
        logged = names_in(fold_log(*await read_all(store, workspace))) if is_logged else set()
        refusal = refuse_new_name(actor, known, logged)
        if refusal is not None:
            return complain(f"--actor {actor!r} is no name for anybody new: {refusal.reason} {refusal.remedy}")
        if not is_there:
            await _create(store, workspace, actor)
            if not is_new:
                print(f"There was no workspace {workspace}: it is made now.", file=sys.stderr)
        made = await AccessTokens(store, clock).make(
            workspace, actor=actor, role=role, expires=until, scope="read" if reads_only else "all", by="operator"
        )
        print(made)
        return 0

    async def _create(store: Store, ws: str, owner: str) -> None:
        try:
            await store.create_workspace(WorkspaceRow(ws, ws, timestamp(clock.now())))
        except WorkspaceExists:
            return
        epoch = await store.claim(ws)
        body = ConfigBody(name=ws, documents={"plan": "text"}, members={owner: "owner"})
        record = seal(body, seq=1, epoch=epoch, at=timestamp(clock.now()), actor=owner, prev="")
        await store.submit(Batch(ws, epoch, (record.row,)))

    return with_store(database, data, work, must_exist=not is_new)


def wrong_words(workspace: str, actor: str, role: str) -> list[str]:
    """Return a sentence for each of a token's words that cannot be, in the order in which they are given."""
    wrong = []
    if not is_workspace_id(workspace):
        wrong.append(f"--workspace {workspace!r} is not 1 to 63 of a-z, 0-9 and -, the first not a -.")
    if not is_actor(actor):
        is_agents = actor.lower() in RESERVED_ACTORS
        why = (
            "is the agent's own name" if is_agents else "is not 1 to 64 printable characters without a space at an end"
        )
        wrong.append(f"--actor {actor!r} {why}.")
    if not is_given(role):
        wrong.append(f"--role {role!r} is none of {', '.join(ROLES)}.")
    return wrong
