"""Frames of one socket become commands; rights are looked at at every act."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.sync.y_sync import encode_control, encode_step1, encode_step2, encode_update
from tests.workspace.room.stage import Typist
from workspace.access import Identity
from workspace.intents.model.intent import IntentFrame
from workspace.protocol.messages import Hello, Nack
from workspace.protocol.session import (
    Command,
    DocumentEdit,
    EditDenied,
    End,
    InSync,
    Refuse,
    Say,
    Session,
    WantState,
)


def session(role: str = "editor", doc: str | None = "plan", **more: Any) -> Session:
    return Session("s", Identity("ana", role, **more), "S", doc)  # type: ignore[arg-type]


def said(**message: object) -> str:
    return json.dumps(message)


def test_an_edit_is_scanned_and_a_step_1_is_a_question() -> None:
    update = Typist().type("x").update
    typed = session().read(encode_update(update), 0.0)
    assert isinstance(typed, DocumentEdit)
    assert (typed.update, typed.is_step2) == (update, False)
    brought = session().read(encode_step2(update), 0.0)
    assert isinstance(brought, DocumentEdit)
    assert brought.is_step2
    assert session().read(encode_step1(b"\x00"), 0.0) == WantState(b"\x00")


def test_who_may_not_edit_is_told_once_and_what_they_have_is_not_lacking() -> None:
    viewer, update = session("viewer"), Typist().type("x").update
    assert isinstance(viewer.read(encode_update(update), 0.0), EditDenied)
    assert viewer.read(encode_update(update), 0.0) is None
    assert session("viewer").read(encode_step2(b"\x00\x00"), 0.0) == InSync()


def test_a_token_that_has_run_out_ends_the_socket_at_its_next_frame() -> None:
    ana = session(expires=10.0)
    assert isinstance(ana.read(encode_step1(b"\x00"), 9.9), WantState)
    end = ana.read(encode_step1(b"\x00"), 10.0)
    assert isinstance(end, End)
    assert end.close.status == 4401


@pytest.mark.parametrize("frame", [b"", b"\xff", b"\x00", b"\x00\x02\x05abc", "text"])
def test_bytes_that_are_not_the_protocol_end_a_document_socket(frame: bytes | str) -> None:
    end = session().read(frame, 0.0)
    assert isinstance(end, End)
    assert end.close.status == 4400


def test_hello_comes_first_and_once() -> None:
    plain, intent = session(doc=None), said(type="intent", n=1, text="do it", seen=0)
    assert isinstance(plain.read(intent, 0.0), Refuse)
    assert plain.read(said(type="hello"), 0.0) == Say(Hello())
    plain.has_hello = True
    found = plain.read(intent, 0.0)
    assert isinstance(found, Say)
    assert isinstance(found.message, IntentFrame)
    assert isinstance(plain.read(said(type="hello"), 0.0), Refuse)


def test_an_intent_that_cannot_be_read_is_answered_by_its_number_once_there_is_a_lane() -> None:
    plain, bad = session(doc=None), said(type="intent", n=7, text=5)
    plain.has_hello = True
    refused = plain.read(bad, 0.0)
    assert isinstance(refused, Refuse)
    assert isinstance(refused.answer, Nack)
    assert (refused.answer.n, refused.answer.code) == (7, "malformed")
    assert isinstance(plain.read("{", 0.0), End)


@given(frame=st.one_of(st.binary(max_size=60), st.text(max_size=60), st.binary(max_size=40).map(encode_control)))
def test_whatever_a_client_sends_is_a_command_or_nothing(frame: bytes | str) -> None:
    for doc in ("plan", None):
        found = session(doc=doc).read(frame, 0.0)
        assert found is None or isinstance(found, Command)


def test_who_gives_no_instructions_composes_none_and_is_told_once() -> None:
    for role, may in (("viewer", False), ("commenter", True)):
        one = session(role, doc=None)
        one.has_hello = True
        answers = [one.read(said(type="composing", on=True), 0.0) for _ in range(2)]
        if may:
            assert [type(command) for command in answers] == [Say, Say]
        else:
            refused, nothing = answers
            assert isinstance(refused, Refuse)
            assert (refused.answer.code, nothing) == ("forbidden", None)


def test_where_a_rule_speaks_of_somebody_the_kernel_is_asked_whatever_the_role() -> None:
    """What a session knows is older than the turn of an edit: it hands on what a rule may allow, or refuse."""
    for role in ("viewer", "editor"):
        ruled, update = session(role), Typist().type("x").update
        ruled.is_ruled = True
        assert isinstance(ruled.read(encode_update(update), 0.0), DocumentEdit)
        assert isinstance(ruled.read(encode_step2(update), 0.0), DocumentEdit)
    gone = session("viewer", expires=10.0)
    gone.is_ruled = True
    assert isinstance(gone.read(encode_update(Typist().type("x").update), 10.0), End), "an end is an end"


def test_who_may_ask_somewhere_may_show_that_they_write() -> None:
    viewer = session("viewer", doc=None)
    viewer.has_hello = True
    assert isinstance(viewer.read(said(type="composing", on=True), 0.0), Refuse)
    viewer.may_ask = True
    assert isinstance(viewer.read(said(type="composing", on=True), 0.0), Say)
