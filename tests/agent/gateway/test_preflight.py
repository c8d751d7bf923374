"""How large a call is, before it leaves: a little high, and refused where it is too large."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.call import CallFailed, render
from agent.gateway.preflight import (
    BYTES_PER_TOKEN,
    CONTEXT_TOKENS_MAX,
    OVERHEAD_TOKENS,
    REQUEST_BYTES_MAX,
    check_size,
    estimate_tokens,
)
from tests.agent.gateway.test_call import CALL


@given(small=st.integers(0, 10**8), more=st.integers(0, 10**8))
def test_more_bytes_are_never_fewer_tokens_and_the_estimate_is_high(small: int, more: int) -> None:
    assert estimate_tokens(small) <= estimate_tokens(small + more)
    assert estimate_tokens(small) > small / BYTES_PER_TOKEN


def test_the_largest_call_is_sent_and_one_byte_more_is_not() -> None:
    rendered = render(CALL)
    fits = estimate_tokens(rendered.size)
    assert check_size(rendered, context_tokens_max=fits) == fits
    with pytest.raises(CallFailed) as raised:
        check_size(rendered, context_tokens_max=fits - 1)
    assert raised.value.kind == "too_long"
    assert str(fits) in raised.value.detail


def test_a_request_is_bounded_in_bytes_whatever_a_model_could_read() -> None:
    words = "x" * (REQUEST_BYTES_MAX + 1)
    rendered = render(replace(CALL, system=words))
    with pytest.raises(CallFailed, match="too_long"):
        check_size(rendered, context_tokens_max=10**9)
    assert estimate_tokens(0) == OVERHEAD_TOKENS < CONTEXT_TOKENS_MAX
