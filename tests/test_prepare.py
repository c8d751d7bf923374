"""What a new machine lacks is installed and named before any test; where that cannot be, it stops there and says what.

The programs it calls are small scripts in a folder of the test's, which is all of the PATH: nothing is installed here.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("python", "node", "browser", "postgres", "proxy")
ALL = ["python3-venv", "chromium", "fonts-dejavu-core", "fonts-noto-color-emoji", "postgresql", "nginx"]
SECONDS = 30.0
# What the machine has is a file each in `has`; apt-get puts there what it is asked to install.
PROGRAMS = {
    "python3": 'case "$2" in *version_info*) [ ! -e "$HAS/old-python" ] ;; *) [ -e "$HAS/python3-venv" ] ;; esac',
    "node": '[ -e "$HAS/node" ] && echo true',
    "npm": "exit 0",
    "dpkg-query": '[ -e "$HAS/$4" ] && printf installed',
    "id": 'echo "${ACCOUNT:-0}"',
}
APT_GET = """
echo "apt-get $*" >> "$HAS/../log"
[ "$1" = install ] || exit "${UPDATE_FAILS:-0}"
[ -z "${INSTALL_FAILS:-}" ] || { echo 'E: no such package' >&2; exit 100; }
for name; do
  case $name in
    chromium) printf '#!/bin/sh\\n' > "$BIN/chromium"; /bin/chmod +x "$BIN/chromium" ;;
    nginx)
      /bin/mkdir -p "$NGINX_FOLDER"; printf '#!/bin/sh\\n' > "$NGINX_FOLDER/nginx"
      /bin/chmod +x "$NGINX_FOLDER/nginx" ;;
    postgresql) /bin/mkdir -p "$POSTGRES_FOLDER/15/bin"; : > "$POSTGRES_FOLDER/15/bin/initdb" ;;
    -*|install) ;;
    *) : > "$HAS/$name" ;;
  esac
done
"""
SUDO = """
echo "sudo $*" >> "$HAS/../log"
[ "$1" = -n ] && shift
[ -z "${SUDO_ASKS:-}" ] || { echo 'sudo: a password is required' >&2; exit 1; }
exec "$@"
"""


@dataclass
class Machine:
    """A machine on which a test says what is there."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("bin", "has"):
            (self.folder / name).mkdir()
        for name in ("bash", "env", "make", "dirname", "sh", "echo"):
            found = shutil.which(name)
            assert found is not None, name
            (self.folder / "bin" / name).symlink_to(found)
        for name, script in PROGRAMS.items():
            self.program(name, script)
        self.has("node")

    def program(self, name: str, script: str) -> None:
        """Put a program on the PATH."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def has(self, *names: str) -> None:
        """Let something be installed already."""
        for name in names:
            (self.folder / "has" / name).touch()

    def run(self, *command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command with this machine's programs alone, and no terminal."""
        folders = {"BIN": "bin", "HAS": "has", "POSTGRES_FOLDER": "postgresql", "NGINX_FOLDER": "nginx", "PATH": "bin"}
        return subprocess.run(
            command,
            cwd=cwd,
            env={name: str(self.folder / path) for name, path in folders.items()} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    def prepare(self, *parts: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script itself."""
        return self.run("bash", "tests/prepare.sh", *(parts or PARTS), **environment)

    def log(self) -> list[str]:
        """Return what apt-get and sudo were asked."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A new Debian machine: root, apt-get, Python and Node."""
    made = Machine(tmp_path)
    made.program("apt-get", APT_GET)
    return made


def test_what_is_missing_is_installed_once_and_named(machine: Machine) -> None:
    done = machine.prepare()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"prepare: installing with apt-get: {' '.join(ALL)}\n"
    assert machine.log() == [
        "apt-get update -qq",
        f"apt-get install -y -qq --no-install-recommends {' '.join(ALL)}",
    ]
    again = machine.prepare()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(machine.log()) == 2


def test_what_is_there_is_not_installed(machine: Machine) -> None:
    machine.has("python3-venv", "fonts-dejavu-core")
    machine.program("chromium", "exit 0")
    assert machine.prepare().returncode == 0
    assert machine.log()[-1].endswith("--no-install-recommends fonts-noto-color-emoji postgresql nginx")


def test_the_server_alone_needs_no_browser_and_no_database(machine: Machine) -> None:
    assert machine.prepare("python", "node").returncode == 0
    assert machine.log()[-1].endswith("--no-install-recommends python3-venv")


def test_a_font_that_came_another_way_counts(machine: Machine) -> None:
    machine.program("fc-list", 'case "$1" in "DejaVu Sans"|"Noto Color Emoji") echo "$1" ;; esac')
    assert machine.prepare("browser").returncode == 0
    assert machine.log()[-1].endswith("--no-install-recommends chromium")


def test_who_is_not_root_installs_by_sudo_that_asks_nobody(machine: Machine) -> None:
    machine.program("sudo", SUDO)
    done = machine.prepare("postgres", ACCOUNT="1000")
    assert done.returncode == 0, done.stderr
    assert [line for line in machine.log() if line.startswith("sudo")] == [
        "sudo -n apt-get update -qq",
        "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql",
    ]


def without_apt_get(machine: Machine) -> dict[str, str]:
    (machine.folder / "bin" / "apt-get").unlink()
    return {}


def without_sudo(_: Machine) -> dict[str, str]:
    return {"ACCOUNT": "1000"}


def with_a_sudo_that_asks(machine: Machine) -> dict[str, str]:
    machine.program("sudo", SUDO)
    return {"ACCOUNT": "1000", "SUDO_ASKS": "yes"}


def with_an_installation_that_fails(_: Machine) -> dict[str, str]:
    return {"INSTALL_FAILS": "yes"}


HINDERED = {
    without_apt_get: "no apt-get here",
    without_sudo: "no sudo here",
    with_a_sudo_that_asks: "a password is required",
    with_an_installation_that_fails: "E: no such package",
}


@pytest.mark.parametrize("hinder", HINDERED)
def test_where_it_cannot_it_says_why_names_the_packages_and_stops(
    machine: Machine, hinder: Callable[[Machine], dict[str, str]]
) -> None:
    done = machine.prepare(**hinder(machine))
    assert done.returncode == 1
    assert HINDERED[hinder] in done.stderr
    assert f"Install by hand, then try again: {' '.join(ALL)}" in done.stderr


@pytest.mark.parametrize("hinder", HINDERED)
def test_make_test_stops_before_anything_is_made_or_tested(
    machine: Machine, hinder: Callable[[Machine], dict[str, str]], tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    (tree / "tests").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "tests/prepare.sh"):
        shutil.copy(ROOT / name, tree / name)
    done = machine.run("make", "test", cwd=tree, **hinder(machine))
    assert done.returncode != 0
    assert "Install by hand" in done.stderr
    assert sorted(path.name for path in tree.iterdir()) == ["Makefile", "pyproject.toml", "tests"]


def test_a_list_of_packages_that_cannot_be_renewed_is_told_and_does_not_matter_by_itself(machine: Machine) -> None:
    done = machine.prepare("postgres", UPDATE_FAILS="1")
    assert done.returncode == 0
    assert "not brought up to date" in done.stderr


def test_a_python_or_node_that_is_too_old_is_said_before_anything_is_installed(machine: Machine) -> None:
    (machine.folder / "has" / "node").unlink()
    done = machine.prepare()
    assert done.returncode == 1
    assert "Node 20" in done.stderr
    machine.has("old-python")
    done = machine.prepare()
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr
    assert machine.log() == []


def test_a_package_that_does_not_bring_what_was_missing_is_told(machine: Machine) -> None:
    machine.program("apt-get", "exit 0")
    done = machine.prepare("python")
    assert done.returncode == 1
    assert "Still missing after the installation: python3-venv" in done.stderr


def test_ci_ends_on_the_last_line_of_make_test(machine: Machine, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tree / ".ci" / "run")
    (tree / "Makefile").write_text("test:\n\t@echo some dots\n\t@echo 3 passed in 0.01s\n")
    done = machine.run("bash", str(tree / ".ci" / "run"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "3 passed in 0.01s"
