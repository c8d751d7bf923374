"""What the command line says of a refusal: why, and a command that goes on, where HTTP would name an address."""

from __future__ import annotations

from agent.commands.serve import complain
from workspace.errors import Refusal
from workspace.registry import invitations, people

# `{ws}` is the workspace.
COMMANDS: dict[Refusal, str] = {
    people.NO_MEMBER: "`folkmoot people list {ws}` lists them.",
    people.NO_KEY: "`folkmoot people sessions {ws}` lists them.",
    people.NO_OWNER: "`folkmoot people role {ws} NAME owner` makes somebody one; or leave --actor out.",
    people.LAST_OWNER: "`folkmoot people role {ws} NAME owner` makes somebody else one first.",
    people.TOO_MANY: "`folkmoot people sessions {ws}` lists them, `folkmoot people end {ws} NAME --key ID` ends one.",
    invitations.NONE_SUCH: "`folkmoot people invitations {ws}` lists them.",
    invitations.TOO_MANY: "`folkmoot people revoke {ws} ID` takes back one that nobody needs.",
}
# Behind what a refusal of this code says itself.
MORE: dict[str, str] = {
    "not_found": "`folkmoot documents list {ws} --all` lists them.",
    "ambiguous": "`folkmoot documents list {ws} --all` lists them with their ids.",
    "document_archived": "`folkmoot documents restore {ws} DOC` does that.",
    "document_deleted": "`folkmoot documents restore {ws} DOC` does that.",
    "too_large": "`folkmoot documents list {ws} --all` and `folkmoot rights list {ws}` say what there is.",
}


def remedy_of(refusal: Refusal, ws: str) -> str:
    """Return what to do next about a refusal in a workspace, as one types it."""
    if refusal in COMMANDS:
        return COMMANDS[refusal].format(ws=ws)
    return f"{refusal.remedy} {MORE.get(refusal.code, '').format(ws=ws)}".strip()


def refused(refusal: Refusal, ws: str) -> int:
    """Print a refusal, and return the exit code."""
    return complain(f"{refusal.reason} {remedy_of(refusal, ws)}".rstrip())
