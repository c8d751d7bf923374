"""What stands for what is known id by id, however it was put back, cut and put back again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crdt.undo.lineage import Dated, Lineage, Past
from crdt.updates.summary import Id


@given(data=st.data())
def test_runs_say_what_single_ids_say(data: st.DataObject) -> None:
    lineage, told, fresh = Lineage(), dict[Id, Id](), 100
    known = [(1, 0, 12), (2, 0, 12)]
    for _ in range(data.draw(st.integers(1, 6))):
        old = []
        for client, first, end in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True)):
            start = data.draw(st.integers(first, end - 1))
            old.append((client, start, data.draw(st.integers(start + 1, end))))
        size = sum(end - start for _, start, end in old)
        new = (3, fresh, fresh + size)
        olds = [Id(client, clock) for client, start, end in old for clock in range(start, end)]
        if len({told.get(id, id) for id in olds}) < size:
            continue  # an undo puts nothing back twice
        assert lineage.enter([new], old)
        told.update({Id(3, fresh + at): told.get(id, id) for at, id in enumerate(olds)})
        known.append(new)
        fresh += size + data.draw(st.integers(0, 2))
    for id in [*told, *(Id(client, clock) for client in (1, 2) for clock in range(12))]:
        root = told.get(id, id)
        line = [root, *sorted(heir for heir, old in told.items() if old == root)]
        assert lineage.root(id) == root
        assert lineage.line(id) == line
        assert lineage.latest(id) == line[-1]
        spans = lineage.instances([(id.client, id.clock, id.clock + 1)])
        assert sorted(Id(client, start) for client, start, _ in spans) == sorted(line)


def test_what_does_not_match_is_not_believed() -> None:
    lineage = Lineage()
    assert not lineage.enter([(3, 0, 4)], [(1, 0, 5)])
    assert not lineage
    assert lineage.root(Id(3, 0)) == Id(3, 0)


def test_two_are_compared_as_they_were_when_both_stood_there() -> None:
    lineage = Lineage()
    lineage.enter([(3, 0, 1)], [(1, 0, 1)])
    brought, taken = Dated([(1, 0, 1, 1), (2, 0, 1, 2), (3, 0, 1, 9)]), Dated([(1, 0, 1, 5), (2, 0, 1, 7)])
    past = Past(since=7, brought=brought, taken=taken, lineage=lineage)
    assert past.met(Id(2, 0), Id(3, 0)) == (Id(2, 0), Id(1, 0))
    assert Past(brought=brought, taken=Dated([(1, 0, 1, 2)]), lineage=lineage).met(Id(2, 0), Id(3, 0)) is not None
    apart = Past(brought=brought, taken=Dated([(1, 0, 1, 2), (2, 0, 1, 7)]), lineage=lineage)
    assert apart.met(Id(2, 0), Id(3, 0)) is None
