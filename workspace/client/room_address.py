"""Where a workspace is: read from the link that a person gets, or from the address of its socket.

`http://HOST/w/WS#token=TOKEN` and `ws://HOST/ws/WS` name the same, also behind a path (`--root-path`). A token never
stands in the address that is opened, nor in the words of an error: it goes into the subprotocol (protocol §1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from workspace.client.faults import Unusable
from workspace.client.given import is_text
from workspace.names import is_workspace_id

LINK_POINTS_MAX = 4_000
SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
FORMS = "Give the link that opens the workspace (http://HOST/w/WS#token=TOKEN), or its socket's (ws://HOST/ws/WS)."
FOR_A_BROWSER = {
    "invitation": "An invitation makes somebody a member under a name that they choose, once.",
    "problem": "It is the end of a sign-in that failed.",
}
BY_TOKEN = "Open it in a browser; for a program ask an owner for a token (folkmoot token --workspace WS --actor NAME)."


@dataclass(frozen=True, slots=True)
class Address:
    """A workspace's socket and the token that opens it. `shown` has neither token nor password."""

    # ws://HOST or wss://HOST, with the path before /ws/, without its end. It may hold a password for a proxy.
    server: str = field(repr=False)
    workspace: str
    token: str | None = field(repr=False)
    shown: str
    query: str = ""

    def socket(self, doc: str | None = None) -> str:
        """Return the address of the workspace's socket, or of a document's by its plain name, which is encoded here."""
        end = "" if doc is None else f"/{quote(doc, safe='/')}"
        return f"{self.server}/ws/{self.workspace}{end}{self.query}"


def read_address(link: str, token: str | None = None) -> Address:
    """Return where a link or a socket's address leads. A `token` that is given counts, not the link's.

    Raises:
        Unusable: `bad_address`, or `needs_browser` for a link that only a browser can use.
    """
    for what, part in (("The link", link), ("The token", token or "")):
        if not is_text(part):
            raise _bad(f"{what} is no text that can be sent: {type(part).__name__}.")
    text = link.strip()
    if len(text) > LINK_POINTS_MAX or not text.isprintable() or " " in text:
        raise _bad(f"It has more than {LINK_POINTS_MAX} characters, or some that no address has.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad("Its host or its port cannot be read.") from None
    scheme = SCHEMES.get(parts.scheme.lower())
    if scheme is None:
        raise _bad(
            f"It begins with {parts.scheme}:, not with http:// or ws://." if parts.scheme else "It has no http://."
        )
    if not host or port == 0:
        raise _bad("It names no host, or no port.")
    given, query = parse_qs(parts.fragment), parse_qs(parts.query)
    for name, why in FOR_A_BROWSER.items():
        if name in given and not token:
            raise Unusable("needs_browser", f"A program cannot use this link: {why}", BY_TOKEN)
    if "/api/sign-in" in parts.path:
        raise Unusable("needs_browser", "A program cannot sign in by an account elsewhere.", BY_TOKEN)
    prefix, workspace = _path(parts.path)
    key = token or next(iter([*given.get("token", ()), *query.get("token", ())]), None)
    if key is not None and not (key.isascii() and key.replace("_", "").replace("-", "").isalnum()):
        raise Unusable("bad_address", "The token has characters that no token has.", FORMS)
    place = f"{host if ':' not in host else f'[{host}]'}{f':{port}' if port else ''}"
    # Of an open server's guest: by what name.
    name = f"?{urlencode({'name': query['name'][0]})}" if query.get("name") else ""
    user, at, _ = parts.netloc.rpartition("@")
    server = f"{scheme}://{user}{at}{place}{prefix}"
    return Address(server, workspace, key, f"{scheme}://{place}{prefix}/ws/{workspace}", name)


def _path(path: str) -> tuple[str, str]:
    """Return the path before `/w/` or `/ws/`, and the workspace that stands behind it."""
    head, _, workspace = path.rstrip("/").rpartition("/")
    prefix, _, kind = head.rpartition("/")
    if kind not in ("w", "ws"):
        raise _bad("It names no workspace.")
    workspace = unquote(workspace)
    if not is_workspace_id(workspace):
        raise _bad("What it names is no workspace: its id is of a-z, 0-9 and -, at most 63 characters.")
    return prefix, workspace


def _bad(reason: str) -> Unusable:
    return Unusable("bad_address", f"This is no address of a workspace. {reason}", FORMS)
