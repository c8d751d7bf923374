"""Every effect of a commit is told with its receiver and how far it has come."""

from __future__ import annotations

import pytest

from tests.workspace.intents.story import Story
from workspace.intents.audit.effect_report import sent_by
from workspace.intents.model.bodies import ConfigBody, EffectBody
from workspace.intents.model.effects import Effect, Receiver, effect_key
from workspace.intents.model.intent import Forked


@pytest.mark.parametrize("becomes", ["waiting", "sent", "failed", "unknown", "left out by a fork"])
def test_an_effect_says_what_became_of_it(becomes: str) -> None:
    story = Story.begun()
    story.append(ConfigBody(receivers={"post": Receiver("mail", "ana@example.org")}))
    entry = story.intent()
    effects = tuple(Effect(at, "post", "irreversible", {"text": f"mail {at}"}) for at in range(2))
    story.plan(entry, story.set("price", 1), effects=effects)
    commit = story.commit(entry).commit
    seal = story.fold.outbox[(commit, 0)].seal
    if becomes == "left out by a fork":
        story.append(ConfigBody(forked=Forked("other", 3)))
    elif becomes != "waiting":
        story.append(EffectBody(commit, 0, effect_key(seal, 0), becomes, "because", 3))  # type: ignore[arg-type]
    first, second = sent_by(story.fold, commit)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["status"], first["i"], first["receiver"], first["class"]) == (becomes, 0, "post", "irreversible")
    assert second["status"] == ("waiting" if becomes != "left out by a fork" else becomes)
    is_over = becomes in ("sent", "failed", "unknown")
    assert (first["detail"], first["attempts"]) == (("because", 3) if is_over else ("", 0))
    assert first["key"] == ("" if becomes == "left out by a fork" else effect_key(seal, 0))


def test_what_is_no_commit_or_sends_nothing_has_no_effects() -> None:
    story = Story.begun()
    done = story.done()
    assert done.commit is not None
    assert sent_by(story.fold, done.commit.commit) == sent_by(story.fold, "c99") == []
