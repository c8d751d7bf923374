#!/usr/bin/env bash
# Install what a new Debian machine lacks, before anything else is done, and say what: `tests/prepare.sh python node` for
# the server, `tests/prepare.sh python node browser postgres proxy` for the tests. Where it cannot, it names the packages and
# ends with 1. PYTHON is the interpreter that the environment is made with.
set -euo pipefail
PYTHON=${PYTHON:-python3}
# PostgreSQL's programs: Debian keeps them out of the PATH.
POSTGRES_FOLDER=${POSTGRES_FOLDER:-/usr/lib/postgresql}

stop() { printf 'prepare: %s\n' "$@" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
has_python() { "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; }
has_node() { has npm && [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20' 2>/dev/null)" = true ]; }
has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
# On a machine that is not Debian a font may have come another way.
has_font() { has_package "$1" || [ -n "$(fc-list "$2" family 2>/dev/null)" ]; }
# Debian keeps it out of the PATH of whoever is not root.
has_nginx() { has nginx || [ -x "${NGINX_FOLDER:-/usr/sbin}/nginx" ]; }
has_postgres() { has initdb || compgen -G "$POSTGRES_FOLDER/*/bin/initdb" >/dev/null; }

missing_packages() {
  for part in "$@"; do
    case $part in
      python)
        has_python || stop "Python 3.11 or newer is needed as '$PYTHON': install it, or say PYTHON=/path/to/python3.11"
        has_venv || echo python3-venv ;;
      # Debian 12 has an older Node: it is not this script's to say where a newer one comes from.
      node) has_node || stop "Node 20 or newer and its npm are needed: install them first" ;;
      browser)
        has chromium || echo chromium
        has_font fonts-dejavu-core 'DejaVu Sans' || echo fonts-dejavu-core
        has_font fonts-noto-color-emoji 'Noto Color Emoji' || echo fonts-noto-color-emoji ;;
      postgres) has_postgres || echo postgresql ;;
      proxy) has_nginx || echo nginx ;;
      *) stop "unknown part '$part': python, node, browser, postgres or proxy" ;;
    esac
  done
}

listed=$(missing_packages "$@")
[ -n "$listed" ] || exit 0
mapfile -t packages <<<"$listed"
by_hand="Install by hand, then try again: ${packages[*]}"

has apt-get || stop "Missing, and there is no apt-get here to install it with." "$by_hand"
as_root=()
if [ "$(id -u)" != 0 ]; then
  has sudo || stop "Missing; to install it takes root, and there is no sudo here." "$by_hand"
  as_root=(sudo)
  # Without a terminal nobody can be asked for a password.
  [ -t 0 ] || as_root=(sudo -n)
fi
echo "prepare: installing with apt-get: ${packages[*]}"
# What apt-get says of itself is of interest only where it fails. The list of packages may be newer than a mirror that
# cannot be reached just now: the installation shows whether that matters.
"${as_root[@]}" apt-get update -qq || echo "prepare: the list of packages is not brought up to date" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" \
  >/dev/null || stop "apt-get did not install it." "$by_hand"
listed=$(missing_packages "$@")
[ -z "$listed" ] || stop "Still missing after the installation: ${listed//$'\n'/ }"
