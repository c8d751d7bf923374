"""The environment sets every limit, the table of limits is complete, and what is no limit is told at the start."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import msgspec
import pytest

from crdt.sync.y_sync import encode_update
from crdt.updates.lib0 import Writer
from tests.support.server import running_server
from tests.support.until import until
from workspace.client.document import connect_document
from workspace.settings import BOUNDS, Bound, Settings, read_settings

TABLE = Path(__file__).parents[2] / "docs" / "limits.md"
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \| `(\w+)` \| (\d+) \| (\d+) \| (.+) \|$", re.M)
MIB = 1 << 20


def rows() -> dict[str, tuple[int, str, int, int]]:
    found = ROW.findall(TABLE.read_text())
    return {name: (int(default), variable, int(low), int(high)) for name, default, variable, low, high, _ in found}


def test_the_table_and_the_settings_name_the_same_limits_with_the_same_values() -> None:
    defaults = Settings()
    assert rows() == {
        bound.name: (getattr(defaults, bound.name), bound.variable, bound.low, bound.high) for bound in BOUNDS
    }
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    assert len(lines) == len(BOUNDS), "every row is read"


def test_every_limit_of_the_settings_has_a_row() -> None:
    limits = {field.name for field in msgspec.structs.fields(Settings) if field.name.endswith("_max")}
    assert limits == {bound.name for bound in BOUNDS}
    assert all(bound.low <= getattr(Settings(), bound.name) <= bound.high for bound in BOUNDS)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_every_limit_is_set_by_its_variable(bound: Bound) -> None:
    for value in (bound.low, bound.high):
        if bound.name == "frame_bytes_max":
            value = max(value, 20 * MIB)
        assert getattr(read_settings({bound.variable: f" {value} "}), bound.name) == value
    assert read_settings({bound.variable: ""}) == Settings()


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
@pytest.mark.parametrize("given", ["low", "high", "-1", "1e9", "16 MiB", "0x10", "٣", "9" * 5000, "true"])
def test_what_is_no_such_number_ends_the_start_with_the_variables_name(bound: Bound, given: str) -> None:
    text = {"low": str(bound.low - 1), "high": str(bound.high + 1)}.get(given, given)
    with pytest.raises(ValueError, match=rf"{bound.variable} is .* from {bound.low} to {bound.high}"):
        read_settings({bound.variable: text})


def test_a_document_fits_into_a_frame() -> None:
    assert read_settings({}).frame_bytes_max == 17 * MIB
    assert read_settings({"FOLKMOOT_DOCUMENT_BYTES_MAX": str(64 * MIB)}).frame_bytes_max == 65 * MIB
    with pytest.raises(ValueError, match="FOLKMOOT_FRAME_BYTES_MAX"):
        read_settings({"FOLKMOOT_FRAME_BYTES_MAX": str(16 * MIB)})
    limits = read_settings({"FOLKMOOT_DOCUMENT_BYTES_MAX": str(64 * MIB)}).limits()
    assert (limits.update_bytes_max, limits.state_vector_bytes_max) == (65 * MIB, 65 * MIB)


async def test_what_an_operator_sets_holds_for_instructions_and_sockets() -> None:
    settings = read_settings(
        {
            "FOLKMOOT_LIVE_INTENTS_MAX": "1",
            "FOLKMOOT_INSTRUCTION_POINTS_MAX": "100",
            "FOLKMOOT_SCOPES_MAX": "1",
            "FOLKMOOT_REFERENCES_MAX": "1",
            "FOLKMOOT_EXPECTATIONS_MAX": "0",
            "FOLKMOOT_NEEDS_MAX": "0",
            "FOLKMOOT_SOCKET_IDS_MAX": "2",
        }
    )
    scope = {"doc": "plan"}
    async with running_server(settings=settings) as server:
        url = f"{server.url}/api/workspaces/demo/intents"
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {await server.token('ana')}"}) as http:

            async def code(**frame: object) -> str:
                answer = await http.post(url, json={"text": "wait", **frame})
                return "taken" if answer.status_code == 202 else answer.json()["code"]

            assert await code(text="x" * 101) == "too_large"
            assert await code(scope=[scope, scope]) == "too_large"
            assert await code(refs=["i1", "i2"], kind="cancel") == "too_large"
            assert await code(expects=[{"doc": "plan", "path": ["x"], "equals": 1}]) == "too_large"
            assert await code(text="x" * 100, scope=[scope]) == "taken"
        bounds = settings.bounds()
        room = await server.registry.room("demo")
        assert room.sequencer.kernel.bounds == bounds
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("ben")) as ben:
            for client in range(10**6, 10**6 + 3):
                writer = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(0).byte(4).var_uint(1)
                update = writer.var_string("content").var_string("x").byte(0).getvalue()
                await ben.socket.send(encode_update(update))
            await until(lambda: room.read(room.sequencer.fold.documents["plan"].text), lambda text: text == "xxx")
            (held,) = [peer.writes_as for peer in room.hub.peers if peer.session.identity.actor == "ben"]
            assert len(held) <= 2


def test_an_origin_that_no_browser_would_send_ends_the_start() -> None:
    assert read_settings(
        {"FOLKMOOT_ORIGINS": " HTTPS://Docs.example.org , http://[::1]:3000,chrome-extension://abc"}
    ).origins == (
        "https://docs.example.org",
        "http://[::1]:3000",
        "chrome-extension://abc",
    )
    for odd in ("docs.example.org", "https://docs.example.org/", "null", "*", "https://", "https://a b", "https://a@b"):
        with pytest.raises(ValueError, match="is no origin: --origin and FOLKMOOT_ORIGINS"):
            read_settings({"FOLKMOOT_ORIGINS": odd})


def test_a_token_for_counters_is_none_that_can_be_guessed() -> None:
    assert read_settings({"FOLKMOOT_METRICS_TOKEN": " " + "x" * 16}).metrics_token == "x" * 16
    assert read_settings({"FOLKMOOT_METRICS_TOKEN": " "}).metrics_token == ""
    with pytest.raises(ValueError, match="FOLKMOOT_METRICS_TOKEN is too short"):
        read_settings({"FOLKMOOT_METRICS_TOKEN": "secret"})


def test_keys_are_listed_by_workspace_and_name_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    listed = '{"acme": {"corp_billing": "a"}, "acme-corp": {"billing": "b"}}'
    (tmp_path / "keys.json").write_text(listed)
    wanted = {"acme/corp_billing": "a", "acme-corp/billing": "b"}
    for given in (listed, f" {listed}", str(tmp_path / "keys.json")):
        assert read_settings({"FOLKMOOT_KEYS": given}).keys == wanted


def test_a_variable_of_its_own_is_a_key_only_where_it_can_be_read_in_one_way() -> None:
    environ = {
        f"FOLKMOOT_KEY_{name}": "k" for name in ("ACME_OPS", "ACME_CORP_OPS", "ACME__OPS", "ACME_", "_OPS", "ACME")
    }
    assert read_settings(environ).keys == {"acme/ops": "k"}
    assert read_settings({**environ, "FOLKMOOT_KEYS": '{"acme": {"ops": "new"}}'}).keys == {"acme/ops": "new"}


@pytest.mark.parametrize("given", ["{", "[]", '{"a": "secret"}', '{"a": {"b": 1}}', "/no/such/file", "{\x00"])
def test_keys_that_cannot_be_read_end_the_start_and_are_not_repeated(given: str) -> None:
    with pytest.raises(ValueError, match="FOLKMOOT_KEYS") as told:
        read_settings({"FOLKMOOT_KEYS": given})
    assert "secret" not in str(told.value)
