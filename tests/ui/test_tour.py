"""The tour: a card for every trap of the bundled collections, under its kind."""

from __future__ import annotations

from fakes import FakeSource, service_with

from demo.ui.views.tour import tour


def test_every_trap_has_a_card_that_opens_its_query() -> None:
    service = service_with(FakeSource())
    drawn = tour(service, "en")
    traps = sum(len(service.traps(key)) for key, _ in service.cards())
    assert traps > 0
    assert drawn.count('class="hint"') == traps
    key, _ = service.cards()[0]
    first = service.collection(key).queries[0]
    kind = service.traps(key)[first.query_id].kind
    assert str(kind.meaning) in drawn
    assert f'id="tour-{kind.key}"' in drawn
    assert drawn.count("<h2") == len(
        {trap.kind for each, _ in service.cards() for trap in service.traps(each).values()}
    )
    assert f"collection={key}&amp;guess=1" in drawn
    assert "Your" not in tour(service, "zh")
