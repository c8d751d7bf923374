"""Effects outside the workspace: declared in a plan, approved where they are final, sent after the commit (§5).

A plan may only name a receiver that the workspace has declared; what class an effect has is the receiver's, not the
planner's. The outbox is a fold of the log: what a commit declares and no `effect` record settles is still to be
sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from crdt.digest import Json, canonical, digest_value, sha256_of
from workspace.errors import Refusal, malformed

ReceiverKind = Literal["webhook", "mail"]
EffectClass = Literal["reversible", "irreversible"]
EffectStatus = Literal["sent", "failed", "unknown"]


class EffectStatuses:
    """What became of an effect, by name; `unknown` may have arrived."""

    SENT: Final = "sent"
    FAILED: Final = "failed"
    UNKNOWN: Final = "unknown"


RECEIVERS_MAX = 32
EFFECTS_MAX = 8
ARGS_BYTES_MAX = 32 << 10
NAME_POINTS_MAX, ADDRESS_POINTS_MAX = 64, 500
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MAILBOX = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}")


class Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody outside who may be told things.

    A webhook's `address` is its URL, `secret` names the key in the server's environment that signs for it, and `keys`
    says that it honours idempotency keys: only then is a call repeated that may have arrived. A mail
    receiver's `address` is the sender's mailbox, and `allowed` the domains that may be written to (empty: any).
    """

    kind: ReceiverKind
    address: str
    effect_class: EffectClass = "irreversible"
    secret: str = ""
    allowed: tuple[str, ...] = ()
    keys: bool = False


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"effect_class": "class"}):
    """An outside effect that a plan declares; it runs only after the commit, from the outbox."""

    i: int
    tool: str
    effect_class: EffectClass
    args: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One effect on its way: which commit declared it, that record's hash and epoch, and to whom it goes."""

    commit: str
    seal: str
    effect: Effect
    receiver: Receiver
    epoch: int = 0


class Delivery(msgspec.Struct, frozen=True):
    """One effect as a sender gets it; `key` is the same at every attempt and after every crash."""

    key: str
    ws: str
    commit: str
    effect: Effect
    receiver: Receiver


def effect_key(seal: str, i: int) -> str:
    """Return the idempotency key of one effect: the same after every crash, and never that of another workspace.

    `seal` is the hash of the commit's record, which a workspace made anew under an old name does not repeat.
    """
    assert seal, "a key without the record's hash would be the same in every workspace"
    assert i >= 0, f"effects are numbered from 0, not from {i}"
    return sha256_of(f"{seal}\n{i}".encode())


def check_receivers(receivers: Mapping[str, Receiver]) -> Refusal | None:
    """Return why receivers from outside may not be, or None."""
    if len(receivers) > RECEIVERS_MAX:
        return malformed(f"At most {RECEIVERS_MAX} receivers.")
    for name, receiver in receivers.items():
        if not _NAME.fullmatch(name):
            return malformed(f"{name!r} is no name for a receiver: a-z, 0-9, - and _, at most 64.")
        if not 0 < len(receiver.address) <= ADDRESS_POINTS_MAX or not receiver.address.isprintable():
            return malformed(f"{name}: the address has 1 to {ADDRESS_POINTS_MAX} printable characters.")
        if receiver.kind == "mail" and not is_mailbox(receiver.address):
            return malformed(f"{name}: {receiver.address!r} is no mailbox.")
        if receiver.kind == "webhook" and not receiver.address.startswith(("https://", "http://")):
            return malformed(f"{name}: a webhook's address is a URL.")
        if receiver.secret and not _NAME.fullmatch(receiver.secret):
            return malformed(f"{name}: secret is the name of a key, not the key.")
        if len(receiver.allowed) > RECEIVERS_MAX or any(len(domain) > NAME_POINTS_MAX for domain in receiver.allowed):
            return malformed(f"{name}: too many or too long domains.")
    return None


def is_mailbox(text: str) -> bool:
    """Tell whether this is one plain mailbox, `name@domain`: no display name, no list, no way to smuggle headers in."""
    return _MAILBOX.fullmatch(text) is not None


def refuse_effects(effects: Iterable[Effect], receivers: Mapping[str, Receiver]) -> Refusal | None:
    """Return why a plan may not declare these effects, or None."""
    declared = list(effects)
    if len(declared) > EFFECTS_MAX:
        return Refusal(
            "too_large", f"The plan has {len(declared)} effects, at most {EFFECTS_MAX} are taken.", "Split it up."
        )
    for at, effect in enumerate(declared):
        receiver = receivers.get(effect.tool)
        if receiver is None:
            known = ", ".join(sorted(receivers)) or "none"
            return Refusal("no_receiver", f"There is no receiver {effect.tool!r} here.", f"There are: {known}.")
        # The class is the receiver's: a planner that calls a mail reversible would send it unasked.
        if effect.i != at or effect.effect_class != receiver.effect_class:
            return Refusal("malformed", f"Effect {at} of the plan is not numbered or classed as declared.", "")
        if len(canonical(effect.args)) > ARGS_BYTES_MAX:
            return Refusal("too_large", f"Effect {at} has more than {ARGS_BYTES_MAX} bytes.", "Send less.")
        problem = _mail_problem(effect, receiver) if receiver.kind == "mail" else ""
        if problem:
            return Refusal("malformed", problem, "Name one mailbox that this receiver may write to.")
    return None


def _mail_problem(effect: Effect, receiver: Receiver) -> str:
    assert receiver.kind == "mail", f"{effect.tool} is no mailbox"
    to, subject, text = (effect.args.get(name) for name in ("to", "subject", "text"))
    if not isinstance(to, str) or not is_mailbox(to):
        return f"{to!r} is no mailbox."
    if not isinstance(subject, str) or not isinstance(text, str) or not subject.isprintable():
        return "A mail has a subject of one line and a text."
    domain = to.rpartition("@")[2].casefold()
    if receiver.allowed and domain not in {name.casefold() for name in receiver.allowed}:
        return f"{effect.tool} may not write to {domain}."
    return ""


def digest_of(effects: tuple[Effect, ...], receivers: Mapping[str, Receiver]) -> str:
    """Return the digest that an approval is bound to: exactly these effects to exactly these receivers."""
    # The receivers, too: under another address the same words are another effect.
    return digest_value(msgspec.to_builtins([effects, {effect.tool: receivers.get(effect.tool) for effect in effects}]))


def describe(effect: Effect, receiver: Receiver | None) -> str:
    """Return in plain words what an effect does."""
    if receiver is not None and receiver.kind == "mail":
        return f"a mail to {effect.args.get('to')}: “{str(effect.args.get('subject', ''))[:200]}”"
    return f"a call to {effect.tool}"
