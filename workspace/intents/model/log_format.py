"""The number of a log's format, and what is said of a log that a newer version has written.

The number stands in the log itself, among the `versions` of a config record, and with the workspace in the database,
where it is asked before anything is read. The chain of a log that has none is as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from workspace.errors import LogNewer

# The format of the logs that this version writes, and the highest it reads. It rises with every new record kind,
# field, policy and other word that may be written: a version that does not know them must not open such a log. Logs
# without a number are of format 1.
LOG_FORMAT = 4
# Among the `versions` of a config record: from there on the log is of that format.
FORMAT = "format"
# What else the `versions` of a config record number, and the highest that this version reads: how documents are read,
# and what a plan's commit is held against (`WorkspaceState.is_strict`, `is_read_back`).
KNOWN = {FORMAT: LOG_FORMAT, "documents": 2, "plans": 2}
# msgspec says it in words only.
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*?)`( - at `\$(?P<where>.*)`)?", re.DOTALL)


def check_versions(versions: Mapping[str, str], *, seq: int) -> None:
    """Raise `LogNewer` unless this version knows every form that record `seq` says the log has from there on."""
    for name, known in KNOWN.items():
        number = versions.get(name, "1")
        if not (number.isascii() and number.isdecimal()) or int(number) > known:
            raise LogNewer(
                f"from record {seq} on the log has {name} {number}, this version knows {known}: "
                "open it with the newer Folkmoot"
            )


def undecoded_field(error: msgspec.ValidationError) -> str:
    """Return the path of the field that decoding did not know, empty where it failed for another reason."""
    found = _UNKNOWN.fullmatch(str(error))
    return f"{found['where'] or ''}.{found['name']}".removeprefix(".") if found else ""
