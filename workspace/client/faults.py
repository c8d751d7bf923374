"""What a client raises: each with a `code` for programs, a `reason` in words, a `remedy`: what to do next."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# A server says "code: reason" in the reason of its close frame (protocol §2.6).
SAID = re.compile(r"([a-z][a-z_]{1,63}): (.*)", re.S)
BY_STATUS = {
    1000: ("closed", "The server closed the connection."),
    1001: ("going_away", "The server goes away."),
    1006: ("lost", "The connection was lost without a word."),
    1008: ("origin", "The server takes no sockets from this origin."),
    1009: ("too_large", "The server does not take a frame as large as one that was sent."),
    1012: ("restart", "The server restarts."),
    1013: ("no_sequencer", "The server cannot open the workspace now."),
}
AGAIN = "Try again in a while."
LOOK = "Compare the link with the one that the server or an owner has shown, and look whether the server runs."
REMEDIES = {
    "unauthenticated": "Ask an owner for a new link, or make a token: folkmoot token --workspace WS --actor NAME.",
    "not_found": "Look at the names in the link; a workspace that you are no member of looks the same.",
    "origin": "Leave `origin` out, or have the server started with --origin for the one that is given.",
    "host": "Open the server by a name of its own, or have it started with --origin for this one.",
    "document_renamed": "Open the document under the name that the reason says.",
    "document_archived": "Ask an owner to restore it.",
    "document_deleted": "Ask an owner to restore it.",
    "left": "Open it again.",
    "closed": "Open it again.",
    "too_large": "Write it in smaller pieces.",
    "bad_message": "Look whether it is a Folkmoot server, and of which version; this client speaks protocol 1.",
    "not_folkmoot": LOOK,
    "unreachable": LOOK,
    "no_answer": "Look whether the server runs and whether something between holds the connection up, then try again.",
    "untrusted": "Have the server show a certificate that this machine trusts, or use the name that it was made for.",
    "log_shorter": "Connect anew without `seen`, and look with the owner whether an older copy was restored.",
    "redirected": "Use the address to which it leads; a token is not sent on to another.",
}


class ClientError(Exception):
    """What went wrong: `code` for programs, `reason` for people, `remedy` for what to do next."""

    def __init__(self, code: str, reason: str, remedy: str = "") -> None:
        super().__init__(f"{code}: {reason}{f' {remedy}' if remedy else ''}")
        self.code, self.reason, self.remedy = code, reason, remedy


class Unusable(ClientError, ValueError):
    """What was given cannot be used as it stands, and nothing was sent.

    `bad_address`, `needs_browser`, `bad_name`, `malformed`, `too_large`; of an edit `offset_outside`, `path_missing`,
    `wrong_kind`.
    """


class Refused(ClientError):
    """The server refused an act, and did nothing of it; `code` as in protocol §2.6."""


class Overdue(ClientError, TimeoutError):
    """What was waited for did not come in time (`overdue`). It may come yet: whatever was sent stays sent."""

    def __init__(self, what: str, seconds: float, remedy: str = "It may come yet: wait again.") -> None:
        super().__init__("overdue", f"{what} did not come within {seconds:g} s.", remedy)


class FellBehind(ClientError):
    """Messages came faster than they were read, and `missed` of them were let go unread (`fell_behind`)."""

    def __init__(self, missed: int) -> None:
        remedy = "Read faster, or go on: where everything stands is in the room, and records are in its log."
        super().__init__("fell_behind", f"{missed} messages were let go before they were read.", remedy)
        self.missed = missed


class Disconnected(ClientError):
    """There is no connection, and the client does not try any more; `code` says why.

    Args:
        status: the code of the server's close frame, or of its answer to the handshake; 0 where it gave none.
        retry: whether the same may work in a while, with nothing changed.
    """

    def __init__(self, code: str, reason: str, *, status: int = 0, retry: bool = False) -> None:
        remedy = REMEDIES.get(code, AGAIN if retry else "Ask whoever runs the server.")
        super().__init__(code, reason, remedy)
        self.status, self.retry = status, retry


def closed_with(status: int, reason: str) -> Disconnected:
    """Return why a socket ended, by the code of its close frame and the words in it."""
    said = SAID.fullmatch(reason)
    code, words = (said[1], said[2]) if said else BY_STATUS.get(status, ("closed", f"It was closed with {status}."))
    return Disconnected(code, words, status=status, retry=not is_final(status))


def is_final(status: int) -> bool:
    """Tell whether a close code ends a connection for good: what was said or sent would be refused again.

    Stock clients stop for 4400 to 4499 alone; a client that sends again what was not answered stops for all that say
    its bytes are at fault, too.
    """
    return status in range(4400, 4500) or status in (1002, 1003, 1007, 1008, 1009, 1010)


def is_seconds(value: object) -> bool:
    """Tell whether somebody can wait as long: it is a number, and no NaN."""
    try:
        return isinstance(value, int | float) and not math.isnan(value)
    except OverflowError:
        return False


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Give what is done inside so many seconds. Raises `Overdue`, which names `what` did not come, and `Unusable`."""
    if not is_seconds(seconds):
        raise Unusable("malformed", "seconds is a number of seconds.", "Give another one.")
    try:
        async with asyncio.timeout(seconds) as deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        raise Overdue(what, seconds) from None
