"""Effects outside as values: which receivers and effects may be declared, what an approval and a key stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.digest import Json
from workspace.intents.model.effects import (
    ADDRESS_POINTS_MAX,
    ARGS_BYTES_MAX,
    EFFECTS_MAX,
    NAME_POINTS_MAX,
    RECEIVERS_MAX,
    Effect,
    Receiver,
    check_receivers,
    describe,
    digest_of,
    effect_key,
    is_mailbox,
    refuse_effects,
)

POST = Receiver("mail", "bot@example.org", allowed=("Example.org",))
HOOK = Receiver("webhook", "https://example.org/in", "reversible", secret="hook")
RECEIVERS = {"post": POST, "hook": HOOK}
MAIL: dict[str, Json] = {"to": "zoe@example.org", "subject": "Hello", "text": "Hi"}


def mail(**more: Json) -> Effect:
    return Effect(0, "post", "irreversible", {**MAIL, **more})


def hook(i: int = 0, **more: Json) -> Effect:
    return Effect(i, "hook", "reversible", {"value": 1, **more})


@pytest.mark.parametrize(
    "bad",
    [
        {"Post": POST},
        {"": POST},
        {"p" * 65: POST},
        {"post": Receiver("mail", "not a mailbox")},
        {"post": Receiver("mail", "bot@example.org", allowed=("d" * (NAME_POINTS_MAX + 1),))},
        {"hook": Receiver("webhook", "file:///etc/passwd")},
        {"hook": Receiver("webhook", "")},
        {"hook": Receiver("webhook", "https://x\n")},
        {"hook": Receiver("webhook", "https://" + "x" * ADDRESS_POINTS_MAX)},
        {"hook": Receiver("webhook", "https://x", secret="THE KEY ITSELF")},
        {f"r{n}": Receiver("webhook", "https://x") for n in range(RECEIVERS_MAX + 1)},
    ],
)
def test_what_is_no_receiver_is_refused(bad: dict[str, Receiver]) -> None:
    refusal = check_receivers(bad)
    assert refusal is not None
    assert refusal.code == "malformed"


def test_receivers_at_their_bounds_are_taken() -> None:
    assert check_receivers(RECEIVERS) is None
    assert check_receivers({f"r{n}": HOOK for n in range(RECEIVERS_MAX)}) is None
    assert check_receivers({"p" * 64: Receiver("webhook", "https://" + "x" * (ADDRESS_POINTS_MAX - 8))}) is None


@pytest.mark.parametrize(
    ("effects", "code"),
    [
        ([], ""),
        ([mail()], ""),
        ([hook(), hook(1)], ""),
        ([hook(at) for at in range(EFFECTS_MAX)], ""),
        ([hook(at) for at in range(EFFECTS_MAX + 1)], "too_large"),
        ([Effect(0, "nobody", "reversible", {})], "no_receiver"),
        ([Effect(0, "post", "reversible", MAIL)], "malformed"),
        ([hook(1)], "malformed"),
        ([hook(text="x" * ARGS_BYTES_MAX)], "too_large"),
        ([mail(to="a@elsewhere.org")], "malformed"),
        ([mail(to="a@EXAMPLE.org")], ""),
        ([mail(to="a@example.org, b@example.org")], "malformed"),
        ([mail(to=7)], "malformed"),
        ([mail(subject="one\r\nBcc: all@example.org")], "malformed"),
        ([mail(text=None)], "malformed"),
    ],
)
def test_a_plan_declares_only_what_its_receivers_take(effects: list[Effect], code: str) -> None:
    refusal = refuse_effects(effects, RECEIVERS)
    assert (refusal.code if refusal is not None else "") == code


@given(text=st.text(max_size=20) | st.from_regex(r"[^\s]{1,5}@[^\s]{1,9}", fullmatch=True))
def test_a_mailbox_can_smuggle_nothing_into_a_header(text: str) -> None:
    if is_mailbox(text):
        assert text.count("@") == 1
        assert not set(text) & set(' \t\r\n,;:<>"()[]\\')


@given(
    seals=st.lists(st.text(min_size=1, max_size=9), min_size=2, max_size=2), i=st.integers(0, 9), j=st.integers(0, 9)
)
def test_two_effects_have_two_keys_and_one_has_one(seals: list[str], i: int, j: int) -> None:
    one, other = seals
    if "\n" not in one + other:
        assert (effect_key(one, i) == effect_key(other, j)) == ((one, i) == (other, j))


def test_a_key_hangs_on_the_record_that_declares_it() -> None:
    with pytest.raises(AssertionError, match="every workspace"):
        effect_key("", 0)


def test_an_approval_is_bound_to_the_words_and_to_who_gets_them() -> None:
    shown = digest_of((mail(),), RECEIVERS)
    assert shown == digest_of((mail(),), {**RECEIVERS, "other": HOOK}), "who gets nothing does not matter"
    assert shown != digest_of((mail(text="another"),), RECEIVERS)
    assert shown != digest_of((mail(),), {"post": Receiver("mail", "bot@example.org")})
    assert shown != digest_of((mail(),), {})


def test_people_are_told_what_leaves() -> None:
    assert describe(mail(), POST) == "a mail to zoe@example.org: “Hello”"
    assert describe(hook(), HOOK) == "a call to hook"
    assert describe(mail(), None) == "a call to post"
    assert len(describe(mail(subject="s" * 999), POST)) < 250
