"""The environment sets every limit, the table of limits is complete, and what is no limit is told at the start."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

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
