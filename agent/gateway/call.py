"""A call before it has a model: what is asked, on whose behalf, with what bounds; and its byte-equal rendering.

The same conversation renders to the same bytes in every process (sorted keys, no clock, no chance), so that its
SHA-256 names it in the log and a replay finds the recorded answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from crdt.digest import Json, canonical, sha256_of
from workspace.intents.model.calls import Blob, CallOutcome, CallUsage, Purpose

Block = dict[str, Json]
Message = dict[str, Json]
ScopeKind = Literal["range", "document", "unknown"]


@dataclass(frozen=True, slots=True)
class Signals:
    """What routing may look at. `size` in tokens (estimate), `budget_left` and `difficulty` 0 to 1."""

    words: int = 0
    documents: int = 0
    scope: ScopeKind = "unknown"
    size: int = 0
    strict: bool = False
    attempt: int = 0
    escalations: int = 0
    budget_left: float = 1.0
    latency: Literal["interactive", "background"] = "interactive"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to some model. `messages` are Anthropic message blocks; `tokens_max` bounds the answer.

    A message that a model wrote names it in `model`, which is never sent (`agent.gateway.conversation`). `stay` is the
    model that the conversation is with: it is asked first. `model` is set for a shadow, which asks no other.
    """

    purpose: Purpose
    prompt: str
    system: str
    tools: tuple[Block, ...]
    messages: tuple[Message, ...]
    tokens_max: int
    intents: tuple[str, ...]
    author: str = ""
    tool_choice: Block | None = None
    attempt: int = 0
    fault: int = 0
    round: int = 0
    signals: Signals = field(default_factory=Signals)
    model: str = ""
    stay: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The parts of a call as canonical bytes; `sha` names the whole, whatever model serves it."""

    parts: tuple[bytes, ...]
    manifest: bytes
    sha: str

    def request(self, model: str) -> Blob:
        """Return the manifest of the request to one model: which parts, in which order."""
        assert model, "a request is made to some model"
        content = canonical({"model": model, "prompt_sha": self.sha, "parts": self.manifest.decode()})
        return Blob(sha256_of(content), content)

    def blobs(self, model: str) -> list[Blob]:
        """Return everything the archive needs to say what was sent."""
        return [self.request(model), *(Blob(sha256_of(part), part) for part in self.parts)]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(map(len, self.parts))


def render(call: Call) -> Rendered:
    """Return the canonical bytes of a call and the SHA-256 that names it."""
    parts = [
        canonical(call.system),
        canonical(list(call.tools)),
        *(canonical(message) for message in call.messages),
    ]
    assert len(parts) == len(call.messages) + 2, "system, tools, and every message are parts of their own"
    # Decision 16: a part is archived under its own hash, so that a conversation of n turns is kept once, not n times.
    shas: list[Json] = [sha256_of(part) for part in parts]
    manifest = canonical(
        {
            "max_tokens": call.tokens_max,
            "parts": shas,
            "prompt": call.prompt,
            "tool_choice": call.tool_choice,
        }
    )
    return Rendered(tuple(parts), manifest, sha256_of(manifest))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider sent back: content blocks, why it stopped, what it counted.

    `cut` names the tool in whose input the answer broke off at its bound; that call is not among the blocks.
    """

    content: tuple[Block, ...]
    stop_reason: str
    usage: CallUsage
    model: str = ""
    cut: str = ""

    @property
    def is_cut(self) -> bool:
        """True when the answer ended at the bound it was given, not where the model wanted to end."""
        return self.stop_reason == "max_tokens"

    def encode(self) -> bytes:
        """Return the canonical bytes that the archive keeps."""
        usage = {name: getattr(self.usage, name) for name in CallUsage.__struct_fields__}
        kept = {"content": list(self.content), "stop_reason": self.stop_reason, "usage": usage, "model": self.model}
        return canonical({**kept, "cut": self.cut} if self.cut else kept)


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that may be used, and which call of the log it was; `cost` in millionths of a US dollar."""

    reply: Reply
    model: str
    tier: str
    cost: int = 0
    latency_ms: int = 0
    is_recorded: bool = False


class CallFailed(Exception):
    """A model did not answer usefully. `kind` is one of the log's outcomes; `retry_after` in seconds, if it said so.

    `reply` is what was answered all the same: it was paid for, and is kept.
    """

    def __init__(
        self,
        kind: CallOutcome,
        detail: str,
        *,
        retry_after: float | None = None,
        reply: Reply | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.reply = reply


def tool_uses(content: Sequence[Block]) -> list[Block]:
    """Return the tool calls among content blocks, in order."""
    return [block for block in content if block.get("type") == "tool_use"]
