"""What stands in paths is told for each name that a path has, with an example that could be one."""

from __future__ import annotations

import re

from tests.support.app import bare_app
from workspace.http.openapi.description import operations
from workspace.http.openapi.parameters import IN_PATHS
from workspace.names import is_actor, is_document_name, is_workspace_id


def test_every_name_in_a_path_is_told_and_no_other() -> None:
    paths = [path for path, *_ in operations(bare_app().routes)]
    assert {name for path in paths for name in re.findall(r"\{(\w+)\}", path)} == set(IN_PATHS)


def test_their_examples_could_be_asked_for() -> None:
    assert is_workspace_id(IN_PATHS["ws"].example)
    assert is_document_name(IN_PATHS["doc"].example)
    assert is_actor(IN_PATHS["actor"].example)
