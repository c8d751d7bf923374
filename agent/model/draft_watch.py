"""What people see of an answer while it streams: the words that a document will get, before the call is whole."""

from __future__ import annotations

from dataclasses import dataclass

import jiter

from agent.gateway.assembly import StreamPart
from workspace.intents.model.plan import Draft, Task
from workspace.ports import PlanContext

DRAFT_POINTS_MAX = 20_000
DRAFT_FIELDS = ("new_str", "text", "content")
DRAFT_TOOLS = ("str_replace", "insert", "create_document")


@dataclass(slots=True)
class DraftWatch:
    """Shows the words of a tool call while they stream: the people read them before the edit is complete."""

    context: PlanContext
    task: Task
    is_told: bool = False

    def hear(self, part: StreamPart) -> None:
        """Show what a document will get, as far as it has come. What cannot be shown yet is not."""
        if part.kind != "tool_use" or part.tool not in DRAFT_TOOLS:
            return
        # What has come so far is JSON that breaks off anywhere: a word is shown as soon as its field is known.
        try:
            given = jiter.from_json(part.text.encode("utf-8", "replace"), partial_mode="trailing-strings")
        except ValueError:
            return
        if not isinstance(given, dict):
            return
        words = next((given[name] for name in DRAFT_FIELDS if isinstance(given.get(name), str)), "")
        doc = given.get("document")
        if words and isinstance(doc, str) and (doc in self.task.snapshot.documents or part.tool == "create_document"):
            if not self.is_told:
                self.is_told = True
                self.context.step(f"Writes in {doc}.")
            self.context.show(Draft(doc, words[:DRAFT_POINTS_MAX]))
