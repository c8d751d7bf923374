"""How a group of colliding intents is settled: priority, first, fair, ask, vote, merge, branch (semantics §4).

Policies are pure and see only logged facts, so replay decides the same again. A policy answers with a winner, asks
the people, or passes to the next in the chain; `fair` never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never, cast

import msgspec

from crdt.digest import digest_value
from crdt.operations.ops import Op
from workspace.errors import Refusal
from workspace.intents.model.bodies import Layers, PolicyConfig
from workspace.intents.model.intent import PATH_DEPTH_MAX, Region
from workspace.intents.model.oracle import Merged, group_key
from workspace.intents.model.policies import BRANCH, MERGE, POLICIES, Policies, Policy, RuledBy
from workspace.intents.state.board import Standing

ASK_SECONDS_MAX = 7 * 86_400.0
LOSSES_IN_A_ROW = 3
REGIONS_MAX = 64


@dataclass(frozen=True, slots=True)
class Member:
    """One intent of a colliding group; `is_committed` when its effect is already in the document."""

    intent: str
    actor: str
    role: str
    rank: int
    seq: int
    is_committed: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a chain of policies says: a winner with its reason, or `winner == ""`: ask the people."""

    policy: str
    winner: str
    reason: str
    default: str = ""
    because: str = ""


def decide(group: tuple[Member, ...], config: PolicyConfig, standing: Standing, merges: Mapping[str, Merged]) -> Ruling:
    """Return the first ruling in the chain. `standing` tells how the authors fared before.

    Where the chain asks, `default` is what the rest of the chain rules when nobody answers in time, `because` its
    reason. `merges` holds what the merger wrote for each group; `merge` passes where there is no honest middle.
    """
    assert group, "a policy rules over somebody"
    for at, name in enumerate(cast("tuple[Policy, ...]", config.chain)):
        match name:
            case Policies.MERGE:
                ruling = _merge(group, config, standing, merges, at)
            case Policies.PRIORITY:
                ruling = _priority(group)
            case Policies.FIRST:
                ruling = _first(group)
            case Policies.BRANCH:
                ruling = _branch(group)
            case Policies.ASK:
                after = decide(group, _rest(config, at), standing, merges)
                return _asks(RuledBy.ASK, "They exclude each other; the people decide.", after)
            case Policies.VOTE:
                after = decide(group, _rest(config, at), standing, merges)
                return _asks(RuledBy.VOTE, "They exclude each other; everybody may vote.", after)
            case Policies.FAIR:
                ruling = _fair(group, standing)
            case _:
                assert_never(name)
        if ruling is not None:
            return ruling
    return _fair(group, standing)


def _asks(policy: str, reason: str, after: Ruling) -> Ruling:
    assert after.winner, "what is left of a chain asks nobody: it rules"
    return Ruling(policy, "", reason, default=after.winner, because=after.reason)


def _rest(config: PolicyConfig, at: int) -> PolicyConfig:
    chain = tuple(
        name for name in config.chain[at + 1 :] if name not in (Policies.ASK, Policies.MERGE, Policies.VOTE)
    ) or ("fair",)
    return PolicyConfig(chain=chain)


def _merge(
    group: tuple[Member, ...],
    config: PolicyConfig,
    standing: Standing,
    merges: Mapping[str, Merged],
    at: int,
) -> Ruling | None:
    merged = merges.get(group_key(tuple(member.intent for member in group)))
    if merged is None or not merged.text:
        return None
    if config.merge_auto:
        return Ruling(RuledBy.MERGE, MERGE, f"one instruction serves all: {merged.text[:200]}")
    after = decide(group, _rest(config, at), standing, merges)
    return _asks(RuledBy.MERGE, "One instruction could serve all; its authors decide.", after)


def chain_for(config: PolicyConfig, layer: str, ops: Iterable[Op]) -> PolicyConfig:
    """Return the policy for a group whose plans do `ops`: its region's chain where one lies in a region.

    What only a judge found goes to the people first (it may only add questions).
    """
    # The narrowest region counts: who rules a part of a document rules it against who rules the whole.
    region = region_of(config.regions, ops)
    if region is not None:
        config = msgspec.structs.replace(config, chain=region.chain)
    if layer != Layers.L3 or config.chain[0] == Policies.ASK:
        return config
    # Decision 21: with `priority` first, a judge's mistake would overrule somebody without a question.
    rest = tuple(name for name in config.chain if name != Policies.ASK)
    return msgspec.structs.replace(config, chain=("ask", *rest))


def region_of(regions: Iterable[Region], ops: Iterable[Op]) -> Region | None:
    """Return the narrowest region that one of these operations writes in; of equals the first."""
    places = [(op.doc, tuple(getattr(op, "path", ()))) for op in ops]
    hit = [
        region
        for region in regions
        if any(doc == region.doc and path[: len(region.path)] == region.path for doc, path in places)
    ]
    return max(hit, key=lambda region: len(region.path), default=None)


def _priority(group: tuple[Member, ...]) -> Ruling | None:
    best = max(member.rank for member in group)
    top = [member for member in group if member.rank == best]
    assert top, "somebody is highest"
    if len(top) != 1:
        return None
    others = ", ".join(f"{member.actor} ({member.role})" for member in group if member is not top[0])
    return Ruling(RuledBy.PRIORITY, top[0].intent, f"{top[0].actor} ({top[0].role}) over {others}")


def _first(group: tuple[Member, ...]) -> Ruling:
    winner = min(group, key=lambda member: member.seq)
    return Ruling(RuledBy.FIRST, winner.intent, f"{winner.actor} asked first")


def _branch(group: tuple[Member, ...]) -> Ruling | None:
    """Rule for both, side by side; what is in the document already cannot be a variant any more."""
    if any(member.is_committed for member in group):
        return None
    return Ruling(RuledBy.BRANCH, BRANCH, "both variants stand side by side")


def _fair(group: tuple[Member, ...], standing: Standing) -> Ruling:
    """Rule for who has lost three groups of equals in a row, else for who won least often, else by a draw.

    No draw takes back what is done: of equals the one that is committed stands.
    """
    owed = [member for member in group if standing.losses.get(member.actor, 0) >= LOSSES_IN_A_ROW]
    among = owed or list(group)
    fewest = min(standing.wins.get(member.actor, 0) for member in among)
    equal = [member for member in among if standing.wins.get(member.actor, 0) == fewest]
    assert equal, "somebody has won least often"
    group_id = digest_value([member.intent for member in group])
    done = [member for member in equal if member.is_committed]
    # A draw from the group's own ids: nobody can bend it, and a replay draws the same.
    winner = min(done or equal, key=lambda member: digest_value([group_id, member.intent]))
    if len({member.actor for member in owed}) == 1:
        return Ruling(RuledBy.FAIR, winner.intent, f"{winner.actor} had lost {LOSSES_IN_A_ROW} times in a row")
    if len(equal) == 1:
        reason = f"{winner.actor} had won least often"
    else:
        reason = (
            f"between equals what is done stands: {winner.actor}" if done else f"drawn between equals: {winner.actor}"
        )
    return Ruling(RuledBy.FAIR, winner.intent, reason)


def inputs_hash(group: tuple[Member, ...], config: PolicyConfig, standing: Standing) -> str:
    """Return the digest of who stood in a group, by which chain, and how they had fared: an auditor recomputes it.

    What a merger wrote for the group, and whether that runs unasked, stand in records of their own.
    """
    members = [[m.intent, m.actor, m.role, m.rank, m.seq, m.is_committed] for m in group]
    fared = {m.actor: [standing.wins.get(m.actor, 0), standing.losses.get(m.actor, 0)] for m in group}
    return digest_value([members, list(config.chain), fared])


def check(config: PolicyConfig) -> Refusal | None:
    """Return why a policy configuration from outside may not be, or None."""
    chains = (config.chain, *(region.chain for region in config.regions))
    unknown = [name for chain in chains for name in chain if name not in POLICIES]
    bounds = (
        ("ask_seconds", config.ask_seconds, 1.0, ASK_SECONDS_MAX),
        ("window_ms", config.window_ms, 0, 10_000),
        ("overlap_wait_ms", config.overlap_wait_ms, 0, 600_000),
        ("replans_max", config.replans_max, 0, 5),
        ("plan_seconds_max", config.plan_seconds_max, 1.0, 3_600.0),
        ("slots", config.slots, 1, 64),
        ("vote_quorum", config.vote_quorum, 1, 1_000),
    )
    if unknown or not all(1 <= len(chain) <= 8 for chain in chains):
        return Refusal("malformed", f"Unknown policy {unknown or config.chain}.", f"Choose from {', '.join(POLICIES)}.")
    if len(config.regions) > REGIONS_MAX or any(len(region.path) > PATH_DEPTH_MAX for region in config.regions):
        return Refusal("malformed", "Too many or too deep regions.", f"Give at most {REGIONS_MAX}.")
    for name, value, low, high in bounds:
        if not low <= value <= high:
            return Refusal("malformed", f"{name} is {value}.", f"Choose {low} to {high}.")
    return None
