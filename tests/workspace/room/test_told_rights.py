"""People are told what they may where they are, once it is durable; what is typed meanwhile the kernel judges."""

from __future__ import annotations

from typing import Any

from crdt.sync.y_sync import SyncUpdate, decode_frame, encode_denied
from crdt.updates.scan import scan_update
from tests.support.until import until
from tests.workspace.room.stage import Stage, Typist, frames, messages, stage
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.events import Configured
from workspace.intents.model.role_rules import RoleRule
from workspace.protocol.messages import Hello
from workspace.protocol.repeats import digest_of
from workspace.protocol.session import DocumentEdit
from workspace.room.lane_grant import LaneGrant
from workspace.room.peer import Peer
from workspace.sockets.connection import Connection
from workspace.tasks import Tasks

BEN, AGENT = RoleRule("viewer", actor="ben"), RoleRule("viewer", group="agent")


def rule(place: str, *rules: RoleRule) -> Configured:
    return Configured("olga", ConfigBody(rights={place: rules}), "owner")


async def greeted(one: Stage, actor: str, doc: str | None = "plan") -> Peer:
    """Return a socket that has said hello and taken all that it was told."""
    peer = await one.join(actor, doc)
    granted = LaneGrant(f"L{actor}{doc}", "s")
    await one.room.read(lambda: one.room.hub.welcome(peer, Hello(follow=False), granted))
    await one.room.read(lambda: None)
    return peer


def told(peer: Peer) -> list[dict[str, Any]]:
    return [message for message in messages(peer) if message["type"] == "rights"]


async def test_who_comes_is_told_only_where_a_rule_speaks_of_them() -> None:
    async with stage() as one:
        await one.room.submit(rule("plan", BEN, AGENT))
        ben, ana, elsewhere = await greeted(one, "ben"), await greeted(one, "ana"), await greeted(one, "ben", "budget")
        (note,) = told(ben)
        assert (note["role"], note["id"]) == ("viewer", "plan")
        assert note["reason"] == "ben is viewer in plan, by the rule for ben at plan."
        (note,) = told(ana)
        assert (note["role"], "reason" in note, "agent" in note) == ("editor", False, True)
        assert told(elsewhere) == []


async def test_each_change_is_told_once_and_to_those_alone_whom_it_concerns() -> None:
    async with stage() as one:
        ben, ana, plain = await greeted(one, "ben"), await greeted(one, "ana"), await greeted(one, "ben", None)
        for peer in (ben, ana, plain):
            frames(peer)
        await one.room.submit(rule("plan", BEN))
        await one.room.submit(rule("budget", BEN))
        await one.room.submit(rule("plan"))
        assert [(note["role"], note.get("reason", "")[:3]) for note in told(ben)] == [("viewer", "ben"), ("editor", "")]
        assert told(ana) == told(plain) == []


async def test_a_rename_into_a_folder_tells_those_who_are_there() -> None:
    async with stage() as one:
        await one.room.submit(rule("a/", BEN))
        ben = await greeted(one, "ben")
        frames(ben)
        for name, role in (("a/plan", "viewer"), ("plan", "editor")):
            act = DocumentAct("rename", "plan", name)
            await one.room.submit(Configured("olga", ConfigBody(acts=(act,)), "owner"))
            assert [note["role"] for note in told(ben)] == [role]


async def test_nobody_is_told_before_it_is_durable() -> None:
    async with stage() as one:
        ben = await greeted(one, "ben")
        frames(ben)
        one.store.is_held = True
        one.room.post_event(rule("plan", BEN))
        await until(lambda: bool(one.store.waiting))
        assert told(ben) == []
        while one.store.waiting:
            one.store.write()
        await one.room.read(lambda: None)
        assert len(told(ben)) == 1


async def test_what_was_typed_before_a_rule_stays_though_it_was_not_durable_yet_and_what_comes_after_goes() -> None:
    async with stage() as one:
        ben, typist = await greeted(one, "ben"), Typist()
        frames(ben)
        one.store.is_held = True
        mailbox = one.room.mailbox
        before, after = typist.type("before "), typist.type("after ")
        assert mailbox.try_post(lambda: one.room.commands.edit(ben, [before]))
        one.room.post_event(rule("plan", BEN))
        # It was read with the rights that held then, and waits for its turn.
        assert mailbox.try_post(lambda: one.room.commands.edit(ben, [after]))
        await until(lambda: bool(one.store.waiting))
        while one.store.waiting:
            one.store.write()
        one.store.is_held = False
        await one.room.read(lambda: None)
        assert one.room.sequencer.fold.documents["plan"].text() == "before "
        heard = frames(ben)
        assert encode_denied("ben is viewer in plan, by the rule for ben at plan: nothing is typed there.") in heard
        removals = [decode_frame(frame) for frame in heard if isinstance(frame, bytes) and frame[:1] == b"\x00"]
        for removal in removals:
            assert isinstance(removal, SyncUpdate)
            typist.document.apply(removal.update)
        assert typist.document.text() == "before ", "it is gone from his own replica, too"


async def test_whoever_types_on_is_told_why_once_and_again_after_a_change() -> None:
    async with stage() as one:
        await one.room.submit(rule("plan", BEN))
        ben, typist = await one.join("ben"), Typist()
        for _ in range(3):
            await one.room.read(lambda: one.room.commands.edit(ben, [typist.type("x")]))
        assert sum(frame[:1] == b"\x02" for frame in frames(ben) if isinstance(frame, bytes)) == 1
        await one.room.submit(rule("plan", RoleRule("commenter", actor="ben")))
        await one.room.read(lambda: one.room.commands.edit(ben, [typist.type("x")]))
        assert sum(frame[:1] == b"\x02" for frame in frames(ben) if isinstance(frame, bytes)) == 1
        assert one.room.sequencer.fold.documents["plan"].text() == ""


async def test_another_role_in_the_workspace_is_told_at_once() -> None:
    async with stage() as one:
        ben = await greeted(one, "ben")
        frames(ben)
        hold = one.registry.authority.hold(ben.session.identity, one.room.ws)
        socket = Connection(one.room, ben, Tasks(), hold)
        socket.rights_are(type(ben.session.identity)("ben", "viewer"))
        assert [note["role"] for note in told(ben)] == ["viewer"]


async def test_what_somebody_removed_while_they_might_not_is_not_taken_for_known() -> None:
    """A delete set that a rule kept out is looked at again, from whoever brings it, once that may be."""
    async with stage() as one:
        ana, typist = await one.join("ana"), Typist()
        await one.room.read(lambda: one.room.commands.edit(ana, [typist.type("word " * 400)]))
        # Every second character goes: as many ranges as make a delete set worth remembering.
        with typist.document.transaction() as done:
            for at in range(900):
                typist.document.delete_text(at, at + 1)
        removal = done[-1].update
        brought = DocumentEdit(removal, scan_update(removal), is_step2=True, digest=digest_of(removal))
        assert brought.digest, "large enough to be remembered"
        await one.room.submit(rule("plan", BEN))
        ben = await one.join("ben")
        text = one.room.sequencer.fold.documents["plan"].text
        await one.room.read(lambda: one.room.commands.edit(ben, [brought]))
        assert len(text()) == 2_000
        assert ben.session.repeats is not None
        assert brought.digest not in ben.session.repeats
        await one.room.submit(rule("plan"))
        await one.room.read(lambda: one.room.commands.edit(ben, [brought]))
        assert text() == typist.document.text()
