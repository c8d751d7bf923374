"""The control message that says what somebody is where a socket is; a client that does not know it passes it over."""

from __future__ import annotations

import msgspec

from workspace.intents.model.intent import Role


class RightsMessage(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="rights"):
    """What this socket's person is at its document (`id`), or at most anywhere where it has none.

    `reason` is the rule in words, empty where the role in the workspace holds; `agent` why the agent may not change the
    document, empty where it may. `member` is the role in the workspace, whatever rules say: it may change at any time.
    """

    role: Role
    id: str = ""
    reason: str = ""
    agent: str = ""
    member: Role | None = None
