"""Before a call leaves: how large is it, and may it be that large? Pure.

Tokens are estimated from bytes, a little high: people would rather be told "too long" by us than by a bill.
"""

from __future__ import annotations

from agent.gateway.call import CallFailed, Rendered

BYTES_PER_TOKEN = 3.2
OVERHEAD_TOKENS = 64
CONTEXT_TOKENS_MAX = 180_000
REQUEST_BYTES_MAX = 4 << 20


def estimate_tokens(size: int) -> int:
    """Return about how many tokens `size` bytes of UTF-8 are, rounded up."""
    assert size >= 0, "bytes are counted"
    return int(size / BYTES_PER_TOKEN) + OVERHEAD_TOKENS


def check_size(rendered: Rendered, *, context_tokens_max: int = CONTEXT_TOKENS_MAX) -> int:
    """Return the estimate of a call's input tokens.

    Raises:
        CallFailed: `too_long`; nothing was sent.
    """
    tokens = estimate_tokens(rendered.size)
    if rendered.size > REQUEST_BYTES_MAX or tokens > context_tokens_max:
        raise CallFailed("too_long", f"about {tokens} tokens, at most {context_tokens_max} are sent")
    return tokens
