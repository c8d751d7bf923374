"""Rules of rights as people give them, by the names of documents and folders: checked, and put into the log's words."""

from __future__ import annotations

from collections.abc import Mapping

from workspace.errors import Refusal
from workspace.intents.model.document_acts import BY_ID
from workspace.intents.model.role_rules import RoleRule, is_folder
from workspace.intents.rules.document_acts import refuse_former
from workspace.intents.rules.places import refuse_rules
from workspace.intents.state.fold import WorkspaceState
from workspace.names import compose, find_document, is_actor, refuse_document_name

Given = dict[str, tuple[RoleRule, ...]]


def rules_by_id(fold: WorkspaceState, given: Mapping[str, tuple[RoleRule, ...]]) -> Given | Refusal:
    """Return rules with each document by its id, those of places that have just these left out; or why they may not be.

    A folder need not hold anything yet: its rules are for what will be in it.
    """
    found: Given = {}
    for name, rules in given.items():
        place = place_of(fold, name)
        if isinstance(place, Refusal):
            return place
        if place in found:
            return Refusal("malformed", f"{name} is there twice, in two forms.", "Give each place its rules once.")
        strangers = [rule.actor for rule in rules if rule.group is None and not is_actor(rule.actor)]
        if strangers:
            return Refusal("malformed", "A person's name has 1 to 64 printable characters.", "Spell it as it is shown.")
        found[place] = tuple(rules)
    refusal = refuse_rules(fold, found)
    if refusal is not None:
        return refusal
    return {place: rules for place, rules in found.items() if fold.rights.places.get(place, ()) != rules}


def place_of(fold: WorkspaceState, name: str) -> str | Refusal:
    """Return the place that people call so, as the log knows it; or why there is none."""
    if is_folder(name):
        folder = compose(name)
        # Older logs have folders whose names would be refused today.
        is_known = folder in fold.rights.places or any(one.startswith(folder) for one in fold.catalog.holders)
        return folder if is_known else refuse_document_name(folder[:-1]) or folder
    called = find_document(name, fold.catalog.holders)
    former, doc = refuse_former(fold.catalog, called), fold.catalog.find(called)
    if former is not None or doc is not None:
        return former or doc or ""
    return Refusal("not_found", f"There is no document {name}.", "A folder's name ends with a slash: prices/.")


def rules_by_name(fold: WorkspaceState) -> Given:
    """Return the rules that stand, by the names that documents have now; by `_id/ID` where a name is another's."""
    return dict(sorted((_name(fold, place), rules) for place, rules in fold.rights.places.items()))


def _name(fold: WorkspaceState, place: str) -> str:
    name = place if is_folder(place) else fold.catalog.name_of(place)
    return name if is_folder(place) or fold.catalog.find(name) == place else f"{BY_ID}{place}"
