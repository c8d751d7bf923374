"""What somebody is told of their rights is short, and what is not said stands at its default."""

from __future__ import annotations

import msgspec

from workspace.protocol.rights_message import RightsMessage


def test_what_holds_in_the_workspace_needs_no_words() -> None:
    plain = msgspec.json.encode(RightsMessage("editor"))
    assert plain == b'{"type":"rights","role":"editor"}'
    assert msgspec.json.decode(plain, type=RightsMessage) == RightsMessage("editor", "", "", "", None)
    full = RightsMessage("viewer", "plan", "by a rule", "not the agent", "editor")
    assert msgspec.json.decode(msgspec.json.encode(full), type=RightsMessage) == full
