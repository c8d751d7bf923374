"""Which rules of rights stand, by place: a fold of the log. A record gives the rules of whole places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from workspace.intents.model.role_rules import Group, RoleRule


@dataclass(slots=True)
class Rights:
    """The rules of one workspace. False where there are none: then everybody is everywhere what their role says."""

    places: dict[str, tuple[RoleRule, ...]] = field(default_factory=dict)
    # The same by place and for whom: every keystroke asks, and a place may have them all.
    _by_whom: dict[str, dict[tuple[str, Group | None], RoleRule]] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        """Tell whether any rule stands."""
        return bool(self.places)

    def __len__(self) -> int:
        """Return how many rules stand."""
        return sum(map(len, self.places.values()))

    def enter(self, given: Mapping[str, tuple[RoleRule, ...]]) -> None:
        """Enter the rules that a record gives: those of a place it names are these from here on, or none."""
        for place, rules in given.items():
            if rules:
                self.places[place] = rules
                self._by_whom[place] = {(rule.actor, rule.group): rule for rule in rules}
            else:
                self.places.pop(place, None)
                self._by_whom.pop(place, None)

    def of_person(self, place: str, actor: str) -> RoleRule | None:
        """Return the rule for a person by name at a place."""
        return self._by_whom[place].get((actor, None))

    def of_group(self, place: str, group: Group) -> RoleRule | None:
        """Return the rule for a group at a place."""
        return self._by_whom[place].get(("", group))

    def all(self) -> Iterator[RoleRule]:
        """Yield every rule that stands."""
        for rules in self.places.values():
            yield from rules
