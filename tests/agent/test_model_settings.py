"""Which models a server uses, from its environment, and the gateway that is made of it without loading the SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model_settings import LARGE, MEDIUM, SMALL, ModelSettings, make_gateway, read_model_settings
from tests.support.model import scripted_model

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


def test_without_a_key_or_an_address_there_are_no_models() -> None:
    assert not read_model_settings({}).is_on
    assert not read_model_settings({"ANTHROPIC_API_KEY": "  "}).is_on
    assert read_model_settings({"ANTHROPIC_API_KEY": "k"}).is_on
    assert read_model_settings({"ANTHROPIC_BASE_URL": "http://127.0.0.1:8400"}).is_on


@given(own=st.dictionaries(st.sampled_from(["SMALL", "MEDIUM", "LARGE"]), NAMES), every=st.none() | NAMES)
def test_a_tiers_own_name_goes_before_the_one_for_all(own: dict[str, str], every: str | None) -> None:
    environ = {f"FOLKMOOT_MODEL_{tier}": name for tier, name in own.items()}
    if every is not None:
        environ["FOLKMOOT_MODEL"] = every
    found = read_model_settings(environ)
    for tier, default in (("small", SMALL), ("medium", MEDIUM), ("large", LARGE)):
        name = own.get(tier.upper()) or every or default
        assert getattr(found, tier) == name
        assert found.table.models(tier) == (name,)
    assert found.table.strongest == found.large


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ANTHROPIC_BASE_URL": "ftp://x"}, "begins with http"),
        ({"ANTHROPIC_BASE_URL": "127.0.0.1:8400"}, "begins with http"),
        ({"FOLKMOOT_MODEL": "x" * 500}, "FOLKMOOT_MODEL"),
    ],
)
def test_what_cannot_be_is_said_with_its_variable(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_model_settings(environ)


def test_a_file_of_prices_is_read_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        make_gateway(ModelSettings(api_key="k", prices=str(tmp_path / "nowhere.json")))
    path = tmp_path / "prices.json"
    path.write_text('{"claude-haiku-5-5": {"input": 3.0, "output": 5.0}}')
    gateway = make_gateway(ModelSettings(api_key="k", prices=str(path)))
    assert gateway.prices.overrides[SMALL].input == 3.0


async def test_the_gateway_reaches_the_server_it_was_given_once_it_is_warm() -> None:
    async with scripted_model([{"text": "ready"}]) as model:
        gateway = make_gateway(model.settings())
        await gateway.warm()
        await gateway.close()
        assert model.scripted.count == 0, "to get ready costs nothing"


def test_reading_settings_loads_neither_the_sdk_nor_the_prices() -> None:
    code = (
        "import sys; from agent.model_settings import ModelSettings, make_gateway; make_gateway(ModelSettings('k'));"
        "print({'anthropic', 'genai_prices', 'httpx2'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
