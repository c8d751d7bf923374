"""Signing in by an issuer over HTTP: a browser goes there and comes back, with a cookie that says it is the same one.

What goes wrong on the way back is told to the page behind the `#` of its address: nobody reads JSON there.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workspace.errors import Refusal, SignInFailed
from workspace.http.invitations import browser_words, check_pace
from workspace.http.openapi.operation import Parameter, Reply, describe
from workspace.http.openapi.parameters import WS
from workspace.http.openapi.people_answers import SignInWays
from workspace.http.problem import Problem, refuse
from workspace.http.request import address_of, answer, check_query, registry_of, session_of, word
from workspace.http.sessions import keep
from workspace.names import is_workspace_id
from workspace.registry.sign_in import AWAY_SECONDS
from workspace.telemetry import LOGGER

MARK_COOKIE = "folkmoot_sign_in"
PATH = "/api/sign-in"
POINTS_MAX = 2_048


@describe(Reply(200, "by whom", SignInWays), asks="maybe_holder")
async def ways(request: Request) -> Response:
    """`GET /api/sign-in/ways`: by whom people sign in here; null where by nobody."""
    check_query(request)
    provider = registry_of(request).sign_ins.provider
    return answer({"oidc": provider.name if provider is not None else None})


@describe(
    Reply(302, "on to the issuer", headers={"location": "the issuer's page"}),
    asks="maybe_holder",
    takes=(WS, Parameter("link", "add the account to who is signed in", words=("true", "false"), default="false")),
    refuses=("unauthenticated", "not_found", "sign_in_failed"),
)
async def begin(request: Request) -> Response:
    """`GET /api/sign-in?ws=WS&link=true`: sends a browser to the issuer; `link` adds that account to who you are."""
    check_query(request)
    check_pace(request)
    ws, link = request.query_params.get("ws", ""), word(request, "link")
    if ws and not is_workspace_id(ws):
        raise Problem("malformed", "ws is a workspace's id.")
    session = await session_of(request) if link == "true" else None
    if link == "true" and (session is None or session.person is None):
        raise Problem("unauthenticated", "An account is added to whoever is signed in.", remedy="Sign in first.")
    person = session.person if session is not None else None
    begun = await registry_of(request).sign_ins.begin(ws=ws, person=person or "")
    if isinstance(begun, Refusal):
        refuse(begun)
    response = RedirectResponse(begun[0], 302)
    # Lax: the browser comes back from the issuer's page, and must bring it along.
    response.set_cookie(
        MARK_COOKIE,
        begun[1],
        max_age=int(AWAY_SECONDS),
        path=_path(request),
        httponly=True,
        samesite="lax",
        secure=_is_safe(request),
    )
    return response


@describe(
    Reply(303, "back to the page; what went wrong stands behind `#problem=`", headers={"location": "the page"}),
    asks="anybody",
    takes=(
        Parameter("state", "as it was sent to the issuer", example="a-state"),
        Parameter("code", "what the issuer gave", example="a-code"),
        Parameter("iss", "the issuer"),
        Parameter("error", "why the issuer lets nobody in"),
    ),
    refuses=("no_sequencer",),
)
async def done(request: Request) -> Response:
    """`GET /api/sign-in/done`: where the issuer sends a browser back; gives a session, and leads to the workspace."""
    check_pace(request)
    registry = registry_of(request)
    given = {name: request.query_params.get(name, "")[:POINTS_MAX] for name in ("state", "code", "iss", "error")}
    where = registry.sign_ins.came_from(given["state"])
    try:
        if given["error"] or not given["code"]:
            raise SignInFailed("the issuer did not let somebody in")
        found = await registry.sign_ins.finish(
            state=given["state"],
            mark=request.cookies.get(MARK_COOKIE, ""),
            code=given["code"],
            issuer=given["iss"],
            label=browser_words(request.headers.get("user-agent", "")),
            place=address_of(request),
        )
    except SignInFailed as fault:
        LOGGER.warning("a sign-in failed: %s", fault.reason)
        return _back(request, where, fault.code)
    if isinstance(found, Refusal):
        return _back(request, where, found.code)
    response = _back(request, found.ws, "")
    keep(request, response, found.session, seconds=found.seconds, is_safe=_is_safe(request))
    return response


def _back(request: Request, ws: str, code: str) -> Response:
    """Return the way back to the page, with what went wrong, if anything did."""
    assert not ws or is_workspace_id(ws), "nobody is led elsewhere than to a workspace"
    where = f"{request.scope.get('root_path', '')}{f'/w/{ws}' if ws else '/'}"
    response = RedirectResponse(f"{where}{f'#problem={code}' if code else ''}", 303)
    response.delete_cookie(MARK_COOKIE, path=_path(request), httponly=True, samesite="lax")
    return response


def _path(request: Request) -> str:
    return f"{request.scope.get('root_path', '')}{PATH}"


def _is_safe(request: Request) -> bool:
    """Tell whether people reach the server by https; behind a proxy only its own address says so."""
    return request.url.scheme == "https" or registry_of(request).settings.url.startswith("https://")
