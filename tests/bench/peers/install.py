"""Fetch the peers into `.peers/`: node servers by the lock file, Python ones into a venv of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE / ".peers"
NODE_MODULES = PEERS / "npm" / "node_modules"
PYTHON = PEERS / "venv" / "bin" / "python"
LISTS = ("package.json", "package-lock.json", "requirements.txt")
STAMP = PEERS / "installed"
INSTALL_SECONDS = 900


def install() -> None:
    """Install what the lists name, unless that was done. Raises `CalledProcessError` when npm or pip fails."""
    npm = PEERS / "npm"
    npm.mkdir(parents=True, exist_ok=True)
    # Node looks for packages beside the script it runs.
    for script in (HERE / "servers").glob("*.mjs"):
        shutil.copy(script, npm / script.name)
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LISTS)).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return
    print("installing the peers into tests/bench/peers/.peers", flush=True)
    for name in LISTS[:2]:
        shutil.copy(HERE / name, npm / name)
    _run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=npm)
    _run(sys.executable, "-m", "venv", str(PEERS / "venv"), cwd=PEERS)
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(str(PYTHON), *pip, "-r", str(HERE / "requirements.txt"), cwd=PEERS)
    STAMP.write_text(wanted)


def _run(*command: str, cwd: Path) -> None:
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    subprocess.run(command, cwd=cwd, check=True, timeout=INSTALL_SECONDS, env=environment)
