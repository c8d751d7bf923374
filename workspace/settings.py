"""Everything the environment may set, read once at the start: `FOLKMOOT_*` variables.

`BOUNDS` are the limits on what comes in from outside; `docs/limits.md` says of each what happens beyond it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from crdt.sync.awareness import STATE_BYTES_MAX
from crdt.updates.scan import Limits
from workspace.intents.model.bounds import Bounds

KEY_PREFIX, KEYS_VARIABLE = "FOLKMOOT_KEY_", "FOLKMOOT_KEYS"
KIB, MIB = 1 << 10, 1 << 20
# A client brings along a whole document in one frame, and what it has typed meanwhile.
FRAME_OVER_DOCUMENT_BYTES = MIB
# What cannot be guessed by trying.
METRICS_TOKEN_POINTS_MIN = 16
# Nothing that would mean something in a header, a cookie or a page; and none of the server's own paths, because a path
# that begins so would be one whose prefix was stripped, and one whose prefix was passed on.
_ROOT_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]{1,64}){1,8}")
OWN_PATHS = frozenset(
    {"api", "ws", "w", "admin", "static", "healthz", "readyz", "metrics", "openapi.json", "service-worker.js"}
)
LOOPBACK = ("127.0.0.1", "::1")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[^\s\[\]:/?#@]+)(?::[0-9]{1,5})?")


class Bound(NamedTuple):
    """One limit on what comes in: a field of `Settings`, set by `FOLKMOOT_` and its name, from `low` to `high`."""

    name: str
    low: int
    high: int

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it."""
        return f"FOLKMOOT_{self.name.upper()}"


BOUNDS = (
    Bound("document_bytes_max", 64 * KIB, 256 * MIB),
    Bound("frame_bytes_max", 64 * KIB, 512 * MIB),
    Bound("items_per_key_max", 100, 50_000),
    Bound("awareness_bytes_max", KIB, MIB),
    Bound("message_bytes_max", 16 * KIB, 16 * MIB),
    Bound("composing_bytes_max", KIB, MIB),
    Bound("presence_bytes_per_second_max", 4 * KIB, 64 * MIB),
    Bound("frames_per_second_max", 1, 1_000_000),
    Bound("frames_burst_max", 1, 10_000_000),
    Bound("work_per_second_max", MIB, 1024 * MIB),
    Bound("work_burst_max", 16 * MIB, 65_536 * MIB),
    Bound("outbox_bytes_max", 64 * KIB, 1024 * MIB),
    Bound("outbox_frames_max", 64, 10_000_000),
    Bound("body_bytes_max", 16 * KIB, 64 * MIB),
    Bound("head_bytes_max", 8 * KIB, MIB),
    Bound("head_seconds_max", 1, 600),
    Bound("body_seconds_max", 1, 3_600),
    Bound("unread_seconds_max", 1, 3_600),
    Bound("connections_per_address_max", 1, 1_000_000),
    Bound("documents_max", 1, 10_000),
    Bound("live_intents_max", 1, 10_000),
    Bound("open_questions_max", 1, 10_000),
    Bound("calls_per_instruction_max", 1, 10_000),
    Bound("instruction_points_max", 100, 50_000),
    Bound("scopes_max", 1, 256),
    Bound("references_max", 1, 64),
    Bound("expectations_max", 0, 256),
    Bound("needs_max", 0, 256),
    Bound("socket_ids_max", 1, 4_096),
    Bound("brought_ids_max", 0, 50_000),
    Bound("blob_bytes_max", 64 * KIB, 4_096 * MIB),
    Bound("blob_space_bytes_max", MIB, 1_048_576 * MIB),
    Bound("blob_share_bytes_max", MIB, 1_048_576 * MIB),
    Bound("blobs_max", 1, 1_000_000),
    Bound("blob_days_max", 1, 3_650),
    Bound("uploads_max", 1, 1_000),
    Bound("upload_seconds_max", 10, 86_400),
)


class Settings(msgspec.Struct, frozen=True):
    """How a server runs. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 8000
    database: str = ""
    data: str = "folkmoot-data"
    is_open: bool = False
    origins: tuple[str, ...] = ()
    # Under which path people reach the server, behind a proxy, and whose word about that is taken.
    root_path: str = ""
    forwarded_allow_ips: tuple[str, ...] = LOOPBACK
    document_bytes_max: int = 16 * MIB
    frame_bytes_max: int = 17 * MIB
    items_per_key_max: int = 5_000
    awareness_bytes_max: int = STATE_BYTES_MAX
    message_bytes_max: int = 256 * KIB
    composing_bytes_max: int = 16 * KIB
    presence_bytes_per_second_max: int = 64 * KIB
    frames_per_second_max: int = 500
    frames_burst_max: int = 2_000
    work_per_second_max: int = 16 * MIB
    work_burst_max: int = 256 * MIB
    outbox_bytes_max: int = MIB
    outbox_frames_max: int = 4_096
    body_bytes_max: int = MIB
    head_bytes_max: int = 64 * KIB
    head_seconds_max: int = 10
    body_seconds_max: int = 60
    unread_seconds_max: int = 60
    connections_per_address_max: int = 2_048
    documents_max: int = 200
    live_intents_max: int = 1_000
    open_questions_max: int = 200
    calls_per_instruction_max: int = 128
    instruction_points_max: int = 8_000
    scopes_max: int = 32
    references_max: int = 16
    expectations_max: int = 32
    needs_max: int = 64
    socket_ids_max: int = 64
    brought_ids_max: int = 4_096
    blob_bytes_max: int = 64 * MIB
    blob_space_bytes_max: int = 4_096 * MIB
    blob_share_bytes_max: int = 1_024 * MIB
    blobs_max: int = 10_000
    # How long a file is kept that nothing names any more.
    blob_days_max: int = 30
    uploads_max: int = 4
    upload_seconds_max: int = 600
    idle_seconds: float = 60.0
    presence_seconds: float = 15.0
    mail: str = ""
    keys: dict[str, str] = {}
    allows_private_webhooks: bool = False
    metrics_token: str = ""
    # Where people reach the server, and the issuer by which they may sign in.
    url: str = ""
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_secret: str = ""
    oidc_name: str = ""

    @property
    def mail_folder(self) -> Path:
        """Where mail is dropped, by default a folder beside the data."""
        return Path(self.mail) if self.mail else Path(self.data) / "mail"

    @property
    def database_url(self) -> str:
        """The database, by default a SQLite file in the data folder."""
        return self.database or f"sqlite:///{Path(self.data) / 'folkmoot.sqlite'}"

    def limits(self) -> Limits:
        """Return what one update may hold."""
        size = self.frame_bytes_max
        return Limits(update_bytes_max=size, state_vector_bytes_max=size)

    def bounds(self) -> Bounds:
        """Return what a workspace takes at once."""
        return Bounds(
            document_bytes=self.document_bytes_max,
            live_intents=self.live_intents_max,
            open_questions=self.open_questions_max,
            documents=self.documents_max,
            calls=self.calls_per_instruction_max,
            instruction_points=self.instruction_points_max,
            scopes=self.scopes_max,
            references=self.references_max,
            expectations=self.expectations_max,
            needs=self.needs_max,
            brought_ids=self.brought_ids_max,
            place_items=self.items_per_key_max,
        )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment.

    Raises:
        ValueError: a variable holds no number, or one outside its bounds, or no keys; the text says which.
    """
    bounds = {bound.name: _number(environ, bound) for bound in BOUNDS if environ.get(bound.variable, "").strip()}
    least = bounds.get("document_bytes_max", Settings().document_bytes_max) + FRAME_OVER_DOCUMENT_BYTES
    if bounds.setdefault("frame_bytes_max", least) < least:
        raise ValueError(
            f"FOLKMOOT_FRAME_BYTES_MAX is {bounds['frame_bytes_max']}: give at least {least}, 1 MiB more than"
            " FOLKMOOT_DOCUMENT_BYTES_MAX, because a client brings a whole document in one frame"
        )
    port = environ.get("FOLKMOOT_PORT", "8000")
    if not _is_whole(port) or int(port) > 65_535:
        raise ValueError(f"FOLKMOOT_PORT is {port!r}: give a number from 0 to 65535")
    settings = Settings(
        host=environ.get("FOLKMOOT_HOST", "127.0.0.1"),
        port=int(port),
        database=environ.get("FOLKMOOT_DATABASE", ""),
        data=environ.get("FOLKMOOT_DATA", "folkmoot-data"),
        is_open=environ.get("FOLKMOOT_OPEN", "") in ("1", "true", "yes"),
        mail=environ.get("FOLKMOOT_MAIL", ""),
        keys=_keys(environ),
        allows_private_webhooks=environ.get("FOLKMOOT_PRIVATE_WEBHOOKS", "") in ("1", "true", "yes"),
        metrics_token=_metrics_token(environ),
        origins=read_origins(environ.get("FOLKMOOT_ORIGINS", "").split(",")),
        root_path=read_root_path(environ.get("FOLKMOOT_ROOT_PATH", "")),
        forwarded_allow_ips=read_networks(environ.get("FOLKMOOT_FORWARDED_ALLOW_IPS", "")) or LOOPBACK,
    )
    return check_url(msgspec.structs.replace(settings, **bounds, **_oidc(environ)))


def check_url(settings: Settings) -> Settings:
    """Return the settings, where the address that people use ends with the prefix, if both are given.

    Raises:
        ValueError: it does not, and whoever signs in would be sent back to where nothing is.
    """
    if settings.url and settings.root_path and not settings.url.endswith(settings.root_path):
        raise ValueError(
            f"FOLKMOOT_URL is {settings.url[:200]!r}, and the server is reached under {settings.root_path}"
            " (--root-path, FOLKMOOT_ROOT_PATH): let the address end with it"
        )
    return settings


def is_root_path(path: str) -> bool:
    """Tell whether a server may be reached under a path: one to eight plain words, the first none of its own paths."""
    return bool(_ROOT_PATH.fullmatch(path)) and path.split("/")[1] not in OWN_PATHS


def read_root_path(given: str) -> str:
    """Return a prefix of all paths, without a slash at its end; empty where there is none.

    Raises:
        ValueError: it is no plain path, or one of the server's own; the text says which are.
    """
    found = given.strip().rstrip("/")
    if found and not is_root_path(found):
        raise ValueError(
            f"{given[:200]!r} cannot stand before the server's paths: --root-path and FOLKMOOT_ROOT_PATH take one like"
            f" /moot, of letters, digits and . _ ~ - that does not begin with /{', /'.join(sorted(OWN_PATHS))}"
        )
    return found


def read_networks(given: str) -> tuple[str, ...]:
    """Return addresses and networks in one spelling each; "*" is everybody.

    Raises:
        ValueError: one is neither; the text says which.
    """
    found = []
    for part in (part.strip() for part in given.split(",")):
        try:
            found += [part if part == "*" else str(ipaddress.ip_network(part))] if part else []
        except ValueError as error:
            raise ValueError(
                f"{part[:200]!r} is no address of a proxy: --forwarded-allow-ips and FOLKMOOT_FORWARDED_ALLOW_IPS take"
                " them like 127.0.0.1 or 10.0.0.0/8, with commas between them, or * for everybody"
            ) from error
    return tuple(found)


def read_origins(given: Iterable[str]) -> tuple[str, ...]:
    """Return origins as browsers write them: scheme, host and port alone, in small letters.

    Raises:
        ValueError: one is no origin, and would never be met; the text says which.
    """
    found = tuple(part.strip().lower() for part in given if part.strip())
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin[:200]!r} is no origin: --origin and FOLKMOOT_ORIGINS take them like https://docs.example.org"
                " or http://127.0.0.1:3000, without a path"
            )
    return found


def _oidc(environ: Mapping[str, str]) -> dict[str, str]:
    """Return how people sign in by an issuer: nothing where none is named.

    Raises:
        ValueError: something is missing for it, or would carry secrets in the clear; the text says what.
    """
    names = {"oidc_issuer": "OIDC_ISSUER", "oidc_client": "OIDC_CLIENT_ID", "oidc_secret": "OIDC_CLIENT_SECRET",
             "oidc_name": "OIDC_NAME", "url": "URL"}  # fmt: skip
    found = {field: environ.get(f"FOLKMOOT_{name}", "").strip() for field, name in names.items()}
    found["url"] = found["url"].rstrip("/")
    if found["url"] and not is_safe_address(found["url"]):
        raise ValueError(f"FOLKMOOT_URL is {found['url'][:200]!r}: give where people reach the server, as https://HOST")
    if not found["oidc_issuer"]:
        return {"url": found["url"]}
    if not is_safe_address(found["oidc_issuer"]):
        raise ValueError("FOLKMOOT_OIDC_ISSUER is no https:// address (http:// is for one on this machine)")
    for field in ("oidc_client", "oidc_secret", "url"):
        if not found[field]:
            raise ValueError(f"FOLKMOOT_OIDC_ISSUER is set, and FOLKMOOT_{names[field]} is not: signing in needs it")
    return found


def is_safe_address(url: str) -> bool:
    """Tell whether what goes to an address is read by nobody on the way: https, or a server on this machine."""
    parts = urlsplit(url)
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return (
        bool(parts.hostname)
        and not parts.username
        and (parts.scheme == "https" or (parts.scheme == "http" and is_here))
    )


def _metrics_token(environ: Mapping[str, str]) -> str:
    token = environ.get("FOLKMOOT_METRICS_TOKEN", "").strip()
    if token and len(token) < METRICS_TOKEN_POINTS_MIN:
        raise ValueError(f"FOLKMOOT_METRICS_TOKEN is too short: give at least {METRICS_TOKEN_POINTS_MIN} characters")
    return token


def _keys(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the signing keys of webhooks, by workspace and name: `key_name`.

    `FOLKMOOT_KEYS` holds them all as JSON, or the path of a file that does. A variable of its own names one only where
    its name can be read in one way: `FOLKMOOT_KEY_ACME_CORP_BILLING` is that of two workspaces, and nobody's.
    """
    found = {}
    for name, value in environ.items():
        workspace, _, secret = name.removeprefix(KEY_PREFIX).lower().partition("_")
        if name.startswith(KEY_PREFIX) and workspace and secret and "_" not in secret:
            found[key_name(workspace, secret)] = value
    given = environ.get(KEYS_VARIABLE, "").strip()
    if not given:
        return found
    try:
        text = given if given.startswith("{") else Path(given).read_text()
        listed = msgspec.json.decode(text, type=dict[str, dict[str, str]])
    except OSError as error:
        raise ValueError(f"{KEYS_VARIABLE} names a file that cannot be read: {error.strerror}") from error
    except (ValueError, msgspec.MsgspecError) as error:
        # Not what it holds: there are keys in it.
        raise ValueError(
            f'{KEYS_VARIABLE} is neither a path nor JSON like {{"WORKSPACE": {{"NAME": "the key"}}}}'
        ) from error
    return found | {key_name(ws, secret): key for ws, secrets in listed.items() for secret, key in secrets.items()}


def key_name(workspace: str, secret: str) -> str:
    """Return the name of a signing key: no two workspaces have one in common, for no id of a workspace holds a "/"."""
    return f"{workspace}/{secret}"


def _number(environ: Mapping[str, str], bound: Bound) -> int:
    given = environ[bound.variable].strip()
    if not _is_whole(given) or not bound.low <= int(given) <= bound.high:
        raise ValueError(f"{bound.variable} is {given!r}: give a whole number from {bound.low} to {bound.high}")
    return int(given)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16
