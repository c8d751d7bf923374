"""What the names that come from outside may look like: workspaces, documents, actors (docs/names.md).

Names travel in addresses, logs and file listings, so each has one narrow form and one length. A document's name is kept
in Unicode's composed form (NFC). In a new name nothing is that nobody sees (`letters`); what is in an older log stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable

from crdt.letters import EMOJI_SELECTOR, JOINER, folded, mixes_scripts, skeleton, unseen_at, without_unseen
from workspace.errors import Refusal

WORKSPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DOCUMENT_POINTS_MAX = 200
ACTOR_POINTS_MAX = 64
TITLE_POINTS_MAX = 200
# One composed character was at most four before.
COMPOSED_POINTS_MAX = 4 * DOCUMENT_POINTS_MAX

# Printable to Python, and nothing to be seen: fillers, and the blank of Braille.
UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# The agent writes under this name; nobody may log in as it.
RESERVED_ACTORS = frozenset({"agent"})
# Under these stands what whoever runs the server did, and the server itself. Who has one of them keeps it.
MACHINE_NAMES = frozenset({"operator", "server"})
NOT_FOR_PEOPLE = Refusal(
    "malformed",
    "A name has 1 to 64 characters that are seen, no word of it Latin letters among Cyrillic or Greek ones, and is "
    "neither the agent's nor what the record calls the server and whoever runs it (operator, server).",
    "Choose another name.",
)


def is_workspace_id(name: str) -> bool:
    """Tell whether this may be a workspace id: `[a-z0-9][a-z0-9-]{0,62}`."""
    return WORKSPACE.fullmatch(name) is not None


def compose(name: str) -> str:
    """Return a document's name in its composed form; what is too long for a name comes back as it is."""
    return unicodedata.normalize("NFC", name) if len(name) <= COMPOSED_POINTS_MAX else name


def find_document(name: str, known: Container[str]) -> str:
    """Return the name under which a document stands: as it was given, or else composed. Older logs hold both forms."""
    return name if name in known else compose(name)


def is_document_name(name: str) -> bool:
    """Tell whether a document may be made under this name, as it stands."""
    return refuse_document_name(name) is None


def refuse_document_name(name: str) -> Refusal | None:
    """Return why no document may be made under this name, or None: the rule that it breaks."""
    if not 1 <= len(name) <= DOCUMENT_POINTS_MAX:
        return _bad(f"it has {len(name)} characters, and a name has 1 to {DOCUMENT_POINTS_MAX}")
    unseen = unseen_at(name)
    for place, point in enumerate(name):
        # A joiner is not printable to Python; where it makes an emoji, it is seen.
        is_shown = (point.isprintable() or point == JOINER) and place != unseen
        if not is_shown or point == "\N{REPLACEMENT CHARACTER}":
            what = "half a character" if "\ud800" <= point <= "\udfff" else f"U+{ord(point):04X}"
            return _bad(
                f"character {place + 1} is {what}, which nobody can see: control, invisible, or no character at all"
            )
    if mixes_scripts(name):
        return _bad("a word of it has Latin, Cyrillic or Greek letters among those of another of these scripts")
    if compose(name) != name:
        return _bad("it is not in Unicode's composed form (NFC)")
    if ".." in name:
        return _bad("it holds '..'")
    for part in name.split("/"):
        if not part:
            return _bad("it begins or ends with '/', or has two of them in a row")
        if part == ".":
            return _bad("a part of it is '.', which addresses leave out")
        if part.startswith("_"):
            return _bad("a part of it begins with '_': such names are the server's own")
        if part.strip() != part:
            return _bad("a part of it begins or ends with a space")
    return None


def is_actor(name: str) -> bool:
    """Tell whether a record may name somebody so: printable, 1 to 64 characters, not the agent's name.

    Nor what a path would be folded by, nor anything with a character that leaves nothing to be seen.
    """
    fits = 1 <= len(name) <= ACTOR_POINTS_MAX and name.isprintable() and name.strip() == name
    is_seen = name not in {".", ".."} and UNSEEN.isdisjoint(name)
    return fits and is_seen and folded(name) not in RESERVED_ACTORS


def is_for_people(name: str) -> bool:
    """Tell whether somebody may take this name who does not have it.

    Each character is seen, no word mixes scripts, and no record could be read as the agent's or the server's own.
    """
    is_shown = unseen_at(name) is None and EMOJI_SELECTOR not in name and not mixes_scripts(name)
    kept = RESERVED_ACTORS | MACHINE_NAMES
    return is_actor(name) and is_shown and kept.isdisjoint({folded(name), skeleton(name)})


def is_same_name(one: str, other: str) -> bool:
    """Tell whether people would take two names for one.

    They differ by case, by how characters are composed, by what shows nothing, or by letters that look alike.
    """
    return folded(one) == folded(other) or skeleton(one) == skeleton(other)


def twin_of(name: str, known: Iterable[str]) -> str | None:
    """Return a known name that people would take for this one, the same one first; None where there is none."""
    alike = [other for other in known if is_same_name(name, other)]
    return name if name in alike else min(alike, default=None)


def document_twin(name: str, known: Iterable[str]) -> str | None:
    """Return another document's name that differs from this by nothing that is seen; None where there is none."""
    shown = without_unseen(name)
    return next((other for other in known if other != name and without_unseen(other) == shown), None)


def is_title(name: str) -> bool:
    """Tell whether a workspace may be titled this: 1 to 200 characters, each of which is seen."""
    is_printable = name.replace(JOINER, "").isprintable()
    return 1 <= len(name) <= TITLE_POINTS_MAX and is_printable and unseen_at(name) is None


def _bad(rule: str) -> Refusal:
    return Refusal("bad_name", f"No document may have this name: {rule}.", "Choose another name.")
