"""The curves of growth are measured on what they speak of: each instruction ends as its curve says, at any size."""

from __future__ import annotations

import pytest

from tests.bench.growth import CURVES, PLANS, sums_on_one_key


@pytest.mark.parametrize("name, size", [(name, sizes[0]) for name, _, sizes in CURVES])
def test_each_curve_has_a_first_point(name: str, size: int) -> None:
    (measure,) = [measure for other, measure, _ in CURVES if other == name]
    assert measure(size) > 0


def test_the_last_point_is_within_the_bounds_of_a_server() -> None:
    assert sums_on_one_key(PLANS[-1]) > 0
