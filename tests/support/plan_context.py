"""A context without a room: keeps what a planner shows, says and spends; every call may be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workspace.errors import CallRefused, Refusal
from workspace.intents.model.calls import ANSWERED, Blob, CallClosed, CallOpened, Compared, Recorded
from workspace.intents.model.plan import Draft


@dataclass
class FakePlanContext:
    """`workspace.ports.PlanContext` in lists. `refusal` makes the next call be refused."""

    drafts: list[Draft] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    denied: list[tuple[str, str]] = field(default_factory=list)
    opened: dict[str, CallOpened] = field(default_factory=dict)
    closed: list[CallClosed] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    archive: dict[str, bytes] = field(default_factory=dict)
    refusal: Refusal | None = None

    def show(self, draft: Draft) -> None:
        self.drafts.append(draft)

    def step(self, words: str) -> None:
        self.steps.append(words)

    def deny(self, *, tool: str, arguments: str, code: str, reason: str, model: str) -> None:
        self.denied.append((tool, code))

    async def open_call(self, opened: CallOpened, blobs: Sequence[Blob]) -> str:
        if self.refusal is not None:
            raise CallRefused(self.refusal)
        self.archive.update({blob.sha: blob.content for blob in blobs})
        call = f"k{len(self.opened) + 1}"
        self.opened[call] = opened
        return call

    def close_call(self, closed: CallClosed, blobs: Sequence[Blob] = ()) -> None:
        self.archive.update({blob.sha: blob.content for blob in blobs})
        self.closed.append(closed)

    def compare(self, compared: Compared) -> None:
        self.compared.append(compared)

    def recorded(self) -> tuple[Recorded, ...]:
        """Return what the log would hand to a second try."""
        opened = list(self.opened.values())
        return tuple(
            Recorded(o.attempt, o.fault, o.round, o.prompt_sha, c.response, o.model, o.tier)
            for o, c in zip(opened, self.closed, strict=False)
            if c.outcome in ANSWERED
        )

    async def archived(self, sha: str) -> bytes | None:
        return self.archive.get(sha)
