"""A small world has small numbers: checkpoints, segments and short logs are met in a hundred records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest.mock import patch

from workspace.history import read as reading
from workspace.intents import sequencer
from workspace.intents.model import segment
from workspace.registry import registry as registry

CHECKPOINT_RECORDS = 25
SEGMENT_RECORDS = 20
# Most travels find their checkpoint within this many records, some have to look further back.
USUALLY_WITHIN = 30
# A log this short is read in one piece when a workspace opens, a longer one page by page.
SHORT_LOG = 60


@contextlib.contextmanager
def small() -> Iterator[None]:
    """Run the server with the numbers of a small world."""
    with (
        patch.object(sequencer, "CHECKPOINT_RECORDS", CHECKPOINT_RECORDS),
        patch.object(reading, "CHECKPOINT_RECORDS", CHECKPOINT_RECORDS),
        patch.object(reading, "USUALLY_WITHIN", USUALLY_WITHIN),
        patch.object(reading, "PAGE", 50),
        patch.object(segment, "SEGMENT_RECORDS", SEGMENT_RECORDS),
        patch.object(registry, "SHORT_LOG", SHORT_LOG),
    ):
        yield
