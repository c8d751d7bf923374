"""What the names that come from outside may look like: workspaces, documents, actors (protocol, first paragraph).

Names travel in addresses, logs and file listings, so each has one narrow form and one length.
"""

from __future__ import annotations

import re

WORKSPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DOCUMENT_POINTS_MAX = 200
ACTOR_POINTS_MAX = 64
TITLE_POINTS_MAX = 200

# The agent writes under this name; nobody may log in as it.
RESERVED_ACTORS = frozenset({"agent"})


def is_workspace_id(name: str) -> bool:
    """Tell whether this may be a workspace id: `[a-z0-9][a-z0-9-]{0,62}`."""
    return WORKSPACE.fullmatch(name) is not None


def is_document_name(name: str) -> bool:
    """Tell whether this may be a document path: printable, at most 200 characters, no `..`, no leading `_`."""
    if not 1 <= len(name) <= DOCUMENT_POINTS_MAX or not name.isprintable() or ".." in name:
        return False
    parts = name.split("/")
    return all(part.strip() == part and part and not part.startswith("_") for part in parts)


def is_actor(name: str) -> bool:
    """Tell whether a person or bot may be called this: printable, 1 to 64 characters, not the agent's name."""
    fits = 1 <= len(name) <= ACTOR_POINTS_MAX and name.isprintable() and name.strip() == name
    return fits and name.lower() not in RESERVED_ACTORS


def is_title(name: str) -> bool:
    """Tell whether a workspace may be titled this: printable, 1 to 200 characters."""
    return 1 <= len(name) <= TITLE_POINTS_MAX and name.isprintable()
