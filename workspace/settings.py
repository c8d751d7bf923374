"""Everything the environment may set, read once at the start: `FOLKMOOT_*` variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

KEY_PREFIX = "FOLKMOOT_KEY_"


class Settings(msgspec.Struct, frozen=True):
    """How a server runs. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 8000
    database: str = ""
    data: str = "folkmoot-data"
    is_open: bool = False
    origins: tuple[str, ...] = ()
    document_bytes_max: int = 16 << 20
    frame_bytes_max: int = 17 << 20
    frames_per_second_max: float = 500.0
    frames_burst_max: float = 2000.0
    idle_seconds: float = 60.0
    presence_seconds: float = 15.0
    mail: str = ""
    keys: dict[str, str] = {}
    allows_private_webhooks: bool = False

    @property
    def mail_folder(self) -> Path:
        """Where mail is dropped, by default a folder beside the data."""
        return Path(self.mail) if self.mail else Path(self.data) / "mail"

    @property
    def database_url(self) -> str:
        """The database, by default a SQLite file in the data folder."""
        return self.database or f"sqlite:///{Path(self.data) / 'folkmoot.sqlite'}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment.

    Raises:
        ValueError: `FOLKMOOT_PORT` is no port number.
    """
    port = environ.get("FOLKMOOT_PORT", "8000")
    if not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise ValueError(f"FOLKMOOT_PORT is {port!r}: give a number from 0 to 65535")
    return Settings(
        host=environ.get("FOLKMOOT_HOST", "127.0.0.1"),
        port=int(port),
        database=environ.get("FOLKMOOT_DATABASE", ""),
        data=environ.get("FOLKMOOT_DATA", "folkmoot-data"),
        is_open=environ.get("FOLKMOOT_OPEN", "") in ("1", "true", "yes"),
        mail=environ.get("FOLKMOOT_MAIL", ""),
        keys={
            name.removeprefix(KEY_PREFIX).lower(): value
            for name, value in environ.items()
            if name.startswith(KEY_PREFIX)
        },
        allows_private_webhooks=environ.get("FOLKMOOT_PRIVATE_WEBHOOKS", "") in ("1", "true", "yes"),
        origins=tuple(part.strip() for part in environ.get("FOLKMOOT_ORIGINS", "").split(",") if part.strip()),
    )
