"""An id is its writer's while the writer is there; what neighbours hand on for one another locks nobody out."""

from __future__ import annotations

from crdt.updates.lib0 import Writer
from crdt.updates.scan import scan_update
from workspace.access import Identity
from workspace.protocol.session import Session
from workspace.room.client_ids import ClientIds
from workspace.room.peer import Peer


def peer(actor: str) -> Peer:
    return Peer(Session(id=actor, identity=Identity(actor, "editor"), lane=actor, doc="plan"))


def typed(client: int) -> bytes:
    writer = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(0).byte(4)
    return writer.var_uint(1).var_string("content").var_string("a").byte(0).getvalue()


ANAS, BENS = 70_001, 70_002


def test_who_typed_first_holds_it_until_the_socket_goes() -> None:
    writers, ana, ben = ClientIds({}), peer("ana"), peer("ben")
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))
    assert writers.held(ben, "plan", scan_update(typed(ANAS))) == {ANAS}
    assert not writers.held(ben, "other", scan_update(typed(ANAS))), "another document is another matter"
    writers.leave(ana, "plan")
    assert not writers.held(ben, "plan", scan_update(typed(ANAS)), is_typed=False)


def test_two_windows_of_one_person_share_an_id() -> None:
    writers, one, other = ClientIds({}), peer("ana"), peer("ana")
    assert not writers.held(one, "plan", scan_update(typed(ANAS)))
    assert not writers.held(other, "plan", scan_update(typed(ANAS)))


def test_what_a_neighbour_hands_on_stays_its_authors() -> None:
    writers, ana, ben = ClientIds({}), peer("ana"), peer("ben")
    writers.announce(ben, BENS)
    assert not writers.held(ben, "plan", scan_update(typed(ANAS))), "it is believed"
    assert not writers.held(ana, "plan", scan_update(typed(ANAS))), "and its author comes back"
    assert writers.held(ben, "plan", scan_update(typed(ANAS))) == {ANAS}


def test_who_announces_an_id_has_it_from_one_who_only_sent_it() -> None:
    writers, ana, ben = ClientIds({}), peer("ana"), peer("ben")
    assert not writers.held(ben, "plan", scan_update(typed(ANAS)))
    writers.announce(ben, BENS)
    writers.announce(ana, ANAS)
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))
    assert writers.held(ben, "plan", scan_update(typed(ANAS))) == {ANAS}
    writers.leave(ben, "plan")
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))


def test_whoever_wrote_first_has_it_back_from_one_who_took_it_meanwhile() -> None:
    writers, ana, mallory = ClientIds({("plan", ANAS): "ana"}), peer("ana"), peer("mallory")
    writers.announce(mallory, ANAS)
    assert not writers.held(mallory, "plan", scan_update(typed(ANAS)))
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))
    assert writers.held(mallory, "plan", scan_update(typed(ANAS))) == {ANAS}


def test_what_somebody_announces_takes_nothing_from_who_types() -> None:
    writers, ana, vera, ben = ClientIds({}), peer("ana"), peer("vera"), peer("ben")
    writers.announce(vera, ANAS)
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))
    writers.announce(ana, ANAS)
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))
    assert writers.held(ben, "plan", scan_update(typed(ANAS))) == {ANAS}
    writers.announce(ben, ANAS)
    writers.announce(vera, ANAS)
    assert writers.held(ben, "plan", scan_update(typed(ANAS))) == {ANAS}
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))


def test_what_is_handed_on_before_its_author_sends_it_is_not_its_bearers() -> None:
    writers, ana, ben = ClientIds({}), peer("ana"), peer("ben")
    writers.announce(ana, ANAS)
    assert not writers.held(ben, "plan", scan_update(typed(ANAS)))
    assert not writers.held(ana, "plan", scan_update(typed(ANAS)))
    assert not writers.held(ben, "plan", scan_update(typed(BENS)))
    assert ben.writes_as == (BENS,)
