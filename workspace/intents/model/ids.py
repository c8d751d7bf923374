"""How what stands in the log is called: a letter and the `seq` of the record that made it (semantics §1.1).

Intent `i12`, plan `p13`, decision `d14`, question `q14`, commit `c15`, call to a model `k16`; a decision and the
question that it puts come of one record. Lanes are named by chance (`L…`) or after the token that writes over HTTP
(`H:…`). Ids are made and read here alone, so that what one place writes every other can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from crdt.digest import sha256_of

Letter = Literal["i", "p", "d", "q", "c", "k"]
INTENT: Letter = "i"
PLAN: Letter = "p"
DECISION: Letter = "d"
QUESTION: Letter = "q"
COMMIT: Letter = "c"
CALL: Letter = "k"
NOUNS: Mapping[Letter, str] = {
    "i": "an intent",
    "p": "a plan",
    "d": "a decision",
    "q": "a question",
    "c": "a commit",
    "k": "a call to a model",
}
SEQ_MAX = 2**53 - 1
_DIGITS_MAX = len(str(SEQ_MAX))


class BadId(ValueError):
    """A text is not the id that it should be."""


def intent_id(seq: int) -> str:
    """Return the id of the intent that record `seq` accepted."""
    return _made(INTENT, seq)


def plan_id(seq: int) -> str:
    """Return the id of the plan in record `seq`."""
    return _made(PLAN, seq)


def decision_id(seq: int) -> str:
    """Return the id of the decision in record `seq`."""
    return _made(DECISION, seq)


def question_id(seq: int) -> str:
    """Return the id of the question that record `seq` puts."""
    return _made(QUESTION, seq)


def commit_id(seq: int) -> str:
    """Return the id of the commit in record `seq`."""
    return _made(COMMIT, seq)


def call_id(seq: int) -> str:
    """Return the id of the call to a model that record `seq` opened."""
    return _made(CALL, seq)


def _made(letter: Letter, seq: int) -> str:
    assert seq >= 1, f"the log begins at 1, not at {seq}"
    assert seq <= SEQ_MAX, f"{seq} is more than a page can count to"
    return f"{letter}{seq}"


def is_id(text: str, letter: Letter) -> bool:
    """Tell whether a text is an id with this letter, written as it is made."""
    digits = text[1:]
    # `isdigit` alone holds for digits that `int` does not take, such as ²; a leading zero is a second name for one id.
    is_number = digits.isascii() and digits.isdigit() and digits[0] != "0" and len(digits) <= _DIGITS_MAX
    return text[:1] == letter and is_number and int(digits) <= SEQ_MAX


def seq_of(id: str, letter: Letter) -> int:
    """Return the `seq` of the record that made an id.

    Raises:
        BadId: it is no id with this letter. Ids from outside are asked about with `is_id` first.
    """
    if not is_id(id, letter):
        raise BadId(f"{id[:40]!r} is no id of {NOUNS[letter]}: that is {letter} and the number of its record.")
    return int(id[1:])


def draft_id(intent: str, attempt: int) -> str:
    """Return the name under which the words of one attempt at an intent are shown while they are written."""
    assert is_id(intent, INTENT), intent
    assert attempt >= 0, f"attempts count from zero, not {attempt}"
    return f"{intent}.{attempt}"


def commit_origin(commit: str) -> str:
    """Return the `origin` that the record of a commit names."""
    assert is_id(commit, COMMIT), commit
    return f"commit:{commit}"


def socket_lane(chance: str) -> str:
    """Return the name of a new lane of a page or client; `chance` is a random token."""
    assert chance, "a lane without chance in its name would be everybody's"
    return f"L{chance}"


def http_lane(token: str, key: str = "") -> str:
    """Return the lane of all that one token does over HTTP, or of what it does under one idempotency key."""
    # A key may be of any length and hold anything: its hash may not.
    return f"H:{token}:{sha256_of(key.encode())[7:23]}" if key else f"H:{token}"
