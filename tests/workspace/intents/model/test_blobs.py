"""Whether a file fits is told by the first bound that it would pass; a file has as many pieces as it needs."""

from __future__ import annotations

import pytest

from workspace.intents.model.blobs import PIECE_BYTES, BlobQuota, BlobTotals, full, pieces_of


@pytest.mark.parametrize(
    ("totals", "more", "passed"),
    [
        (BlobTotals(0, 0, 0), 10, ""),
        (BlobTotals(2, 5, 5), 5, ""),
        (BlobTotals(3, 0, 0), 0, "count"),
        (BlobTotals(2, 15, 0), 6, "size"),
        (BlobTotals(2, 5, 5), 6, "own"),
        (BlobTotals(2, 15, 10), 6, "size"),
    ],
)
def test_the_first_bound_that_a_file_would_pass_is_named(totals: BlobTotals, more: int, passed: str) -> None:
    assert full(totals, more, BlobQuota(3, 20, 10)) == passed


def test_a_file_has_as_many_pieces_as_it_needs() -> None:
    sizes = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 10 * PIECE_BYTES)
    assert [pieces_of(size) for size in sizes] == [0, 1, 1, 1, 2, 10]
