"""`folkmoot blobs`: the files of a workspace from its database, with no server running or beside one."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path

from agent.commands.records import must_exist, with_store
from agent.commands.serve import complain
from workspace.history.blob_octets import BytesMissing, damaged_in, find_damage, octets_of, rows_of
from workspace.intents.model.blobs import BlobRow, BlobTotals
from workspace.ports import Store

LIST_NAME = "blobs.json"
TOLD_SECONDS = 2.0
MIB = 1 << 20


class _Progress:
    """Says on stderr how far a long piece of work is, every two seconds; not where nobody looks."""

    def __init__(self, what: str, totals: BlobTotals) -> None:
        self._what = what
        self._totals = totals
        self._files = self._bytes = 0
        self._told = time.monotonic()

    def note(self, row: BlobRow) -> None:
        """Count a file that is done."""
        self._files, self._bytes = self._files + 1, self._bytes + row.size
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._told >= TOLD_SECONDS:
            self._told = now
            done, all_of_it = self._bytes / MIB, self._totals.size / MIB
            print(
                f"{self._what} {self._files} of {self._totals.count} files, {done:.1f} of {all_of_it:.1f} MiB …",
                file=sys.stderr,
            )


def listed(ws: str, database: str | None, data: Path | None) -> int:
    """Print the files of a workspace."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        async for row in rows_of(store, ws):
            by = ", ".join(
                f"{one.actor} ({one.filename})" if one.filename else one.actor
                for one in await store.holders(ws, row.sha)
            )
            print(f"{row.sha}  {row.size:>12,}  {row.media}  {by}".rstrip())
        totals = await store.blob_totals(ws)
        print(f"{totals.count} files, {totals.size:,} bytes.")
        return 0

    return with_store(database, data, work)


def export(ws: str, folder: Path, database: str | None, data: Path | None) -> int:
    """Write every file under its id into a folder, then the list of all; exit code 1 where one is damaged."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        progress = _Progress("Exported", await store.blob_totals(ws))
        entries, damaged = [], []
        try:
            _make(folder)
            async for row in rows_of(store, ws):
                found = await _write(store, row, folder / row.sha)
                if found:
                    damaged.append(f"{row.sha}: {found}")
                entries.append(await _entry(store, row))
                progress.note(row)
            listing = json.dumps({"workspace": ws, "blobs": entries}, ensure_ascii=False, indent=2)
            _put(folder / LIST_NAME, listing.encode())
        except OSError as error:
            return complain(f"cannot write to {folder}: {error.strerror}. What is there is whole; call this again.")
        print(f"{len(entries) - len(damaged)} files are in {folder}, and what they are in {LIST_NAME}.")
        return _complain_of(damaged)

    return with_store(database, data, work)


def verify(ws: str, database: str | None, data: Path | None) -> int:
    """Compute every digest anew."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        progress = _Progress("Verified", await store.blob_totals(ws))
        damaged = await damaged_in(store, ws, progress.note)
        print(f"{ws}: {(await store.blob_totals(ws)).count} files looked at, {len(damaged)} damaged.")
        return _complain_of(damaged)

    return with_store(database, data, work)


async def _write(store: Store, row: BlobRow, target: Path) -> str:
    """Write a file, unless it is there already; return what is wrong with it."""
    if _is_there(target, row):
        return ""
    damage = await find_damage(store, row)
    if damage:
        return damage
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            async for octets in octets_of(store, row):
                file.write(octets)
            file.flush()
            os.fsync(file.fileno())
    except BytesMissing as missing:  # it was deleted meanwhile
        part.unlink(missing_ok=True)
        return str(missing)
    part.rename(target)
    return ""


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _is_there(target: Path, row: BlobRow) -> bool:
    """Tell whether a file was written by an earlier call, and is what it was."""
    if not target.exists():
        return False
    with target.open("rb") as file:
        return f"sha256-{hashlib.file_digest(file, 'sha256').hexdigest()}" == row.sha


async def _entry(store: Store, row: BlobRow) -> dict[str, object]:
    by = [{"actor": one.actor, "filename": one.filename} for one in await store.holders(row.ws, row.sha)]
    return {"id": row.sha, "size": row.size, "media": row.media, "created_at": row.created_at, "by": by}


def _put(target: Path, octets: bytes) -> None:
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(octets)
    part.rename(target)


def _complain_of(damaged: list[str]) -> int:
    if not damaged:
        return 0
    return complain("Not what they were: " + "; ".join(damaged) + ". Take them from a copy, or bring them in again.")
