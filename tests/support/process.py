"""`folkmoot` as processes of their own, on loopback, ended by their own id."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def folkmoot(*arguments: str, cwd: Path | None = None, **environment: str) -> asyncio.subprocess.Process:
    """Start a command in a folder, by default this process's; `environment` is added to this process's."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agent",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        # Also where a command runs elsewhere it is this checkout's.
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


async def serve(data: Path, port: int, **environment: str) -> asyncio.subprocess.Process:
    process = await folkmoot("serve", "--port", str(port), "--data", str(data), **environment)
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert b"listens" in line, (line, await process.stderr.read() if process.stderr else b"")
    return process


async def make_token(data: Path, actor: str, role: str) -> str:
    who = ("--workspace", "demo", "--actor", actor, "--role", role)
    process = await folkmoot("token", *who, "--new", "--data", str(data))
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode().strip()
