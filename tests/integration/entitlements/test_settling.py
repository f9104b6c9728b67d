"""What follows a grant: passages, annulments, undoing; each told twice, late, or only in part."""

import pytest

from gateway.entitlements.place import Place
from gateway.entitlements.store import NotPossible, Settled
from gateway.tickets.decision import Conflict, Decision
from gateway.tickets.event import EventRow
from gateway.tickets.model import NEW, Ticket
from gateway.tickets.scan import AntiPassback, Mode
from tests.integration.entitlements.bench import (
    FOR_EVER,
    MINUTE,
    Bench,
    counted,
    state_row,
    ticket_row,
)
from tests.integration.entitlements.records import state_of_row


async def reserved(
    bench: Bench, code: str, place: Place | None = None, persons: int | None = None
) -> EventRow:
    """Reserve an entry and return its grant."""
    where = place or bench.place(reserves=True)
    decision = await bench.store.scan(code, where, persons=persons)
    assert decision.granted, decision.reason
    return await grant_of(bench, decision)


async def grant_of(bench: Bench, decision: Decision) -> EventRow:
    """Read the event of a grant."""
    assert decision.event is not None, decision.reason
    row = await bench.store.grant(decision.event)
    assert row is not None
    return row


async def figures(bench: Bench) -> tuple[int, int, int, int]:
    """Tell persons and stamps counted, persons inside and awaited."""
    persons, stamps = counted(await bench.events())
    return persons, stamps, (await bench.inside())["hall"], (await bench.reserved())["hall"]


async def test_reservation_counts_with_its_passage(bench: Bench) -> None:
    row = await reserved(bench, await bench.a_ticket())
    assert await figures(bench) == (0, 0, 0, 1)

    settled = await bench.store.passage(row)

    assert not settled.replayed
    assert await figures(bench) == (1, 1, 1, 0)
    assert (await bench.store.passage(row)).replayed
    with pytest.raises(NotPossible):
        await bench.store.annul(row)


async def test_soft_anti_passback_flags_the_answer_and_the_event(bench: Bench) -> None:
    await bench.a_space(anti_passback=AntiPassback.SOFT)
    code = await bench.a_ticket(stamps=9)
    first = await bench.store.scan(code, bench.place("north-1"))
    assert first.conflict is None

    again = await bench.store.scan(code, bench.place("north-2", reserves=True))

    inside = Conflict("already_inside", first.event, "north-1", bench.store.time)
    assert again.conflict == inside
    row = await grant_of(bench, again)
    assert (row.decision, row.reason, row.conflict_with) == ("g", "already_inside", first.event)
    assert (await bench.store.passage(row)).conflict is None


async def test_exit_of_a_ticket_never_seen_is_flagged_without_another_event(bench: Bench) -> None:
    await bench.a_space(anti_passback=AntiPassback.SOFT)

    left = await bench.store.scan(await bench.a_ticket(), bench.place(direction="exit"))

    assert left.conflict == Conflict("not_inside", None, None, None)
    row = await grant_of(bench, left)
    assert (row.decision, row.reason, row.conflict_with) == ("g", "not_inside", "")


async def test_group_passes_one_by_one_and_the_rest_is_annulled(bench: Bench) -> None:
    code = await bench.a_ticket(audience="group", persons=3)
    row = await reserved(bench, code)

    await bench.store.passage(row, persons=1)
    assert await figures(bench) == (1, 1, 1, 2)
    await bench.store.passage(row, persons=2)
    await bench.store.annul(row)

    assert await figures(bench) == (2, 1, 2, 0)
    state = await bench.state(code)
    assert (state.made, state.persons_by_window, state.inside_persons) == (1, (2,), 2)
    assert (await bench.store.annul(row)).replayed


async def test_third_of_the_group_passes_after_the_annulment(bench: Bench) -> None:
    code = await bench.a_ticket(audience="group", persons=3)
    row = await reserved(bench, code)
    await bench.store.passage(row, persons=2)
    await bench.store.annul(row)

    settled = await bench.store.passage(row, persons=3)

    assert settled.conflict is not None
    assert await figures(bench) == (3, 1, 3, 0)
    assert (await bench.state(code)).persons_by_window == (3,)


async def test_late_passage_takes_the_stamp_again_with_a_conflict(bench: Bench) -> None:
    code = await bench.a_ticket(stamps=1)
    row = await reserved(bench, code)
    await bench.store.annul(row)
    await bench.store.scan(code, bench.place("desk"))

    settled = await bench.store.passage(row)

    assert settled.conflict is not None
    assert settled.conflict.reason == "no_stamps_left"
    assert (await bench.state(code)).made == 2, "over the allowance: the person is inside"
    assert counted(await bench.events()) == (2, 2)


async def test_slipping_through_is_counted_once(bench: Bench) -> None:
    row = await reserved(bench, await bench.a_ticket())

    await bench.store.passage(row, persons=3)
    again = await bench.store.passage(row, persons=3)

    assert again.replayed
    assert [it.kind for it in await bench.events()] == ["s", "p", "t"]
    assert await figures(bench) == (3, 1, 3, 0)


async def test_undoing_a_reservation_half_passed_takes_all_back(bench: Bench) -> None:
    code = await bench.a_ticket(persons=3)
    row = await reserved(bench, code, persons=3)
    await bench.store.passage(row, persons=2)

    first = await bench.store.undo(row, operator="otto", reason="error")
    second = await bench.store.undo(row, operator="olga", reason=None)

    assert (second.event, second.replayed) == (first.event, True)
    assert await figures(bench) == (0, 0, 0, 0)
    assert (await bench.state(code)).made == 0


async def test_annulment_leaves_later_stamps_alone(bench: Bench) -> None:
    code = await bench.a_ticket(stamps=3)
    row = await reserved(bench, code)
    bench.store.time += MINUTE
    await bench.store.scan(code, bench.place("desk"))

    await bench.store.annul(row)

    state = await bench.state(code)
    assert state.made == 1
    assert (state.last_at, state.last_reader) == (bench.store.time, "desk")
    assert state.inside == "hall"


async def test_annulment_puts_the_ticket_back_where_it_was(bench: Bench) -> None:
    code = await bench.a_ticket(stamps=3)
    await bench.store.scan(code, bench.place("desk"))
    await bench.store.scan(code, bench.place("desk", direction="exit"))
    before = await bench.state(code)
    bench.store.time += MINUTE

    await bench.store.annul(await reserved(bench, code))

    assert await bench.state(code) == before


async def test_annulment_does_not_bring_back_what_was_undone_meanwhile(bench: Bench) -> None:
    code = await bench.a_ticket(stamps=3)
    first = await bench.store.scan(code, bench.place("desk"))
    bench.store.time += MINUTE
    row = await reserved(bench, code)
    await bench.store.undo(await grant_of(bench, first), operator="otto", reason=None)

    await bench.store.annul(row)

    state = await bench.state(code)
    assert (state.made, state.first_at, state.last_at, state.inside) == (0, None, None, None)


async def test_undo_leaves_inside_who_came_in_since(bench: Bench) -> None:
    code = await bench.a_ticket(stamps=3)
    first = await bench.store.scan(code, bench.place("desk"))
    bench.store.time += MINUTE
    await bench.store.scan(code, bench.place("desk"))

    await bench.store.undo(await grant_of(bench, first), operator="otto", reason=None)

    state = await bench.state(code)
    assert (state.made, state.inside, state.inside_persons) == (1, "hall", 1)
    assert (await bench.inside())["hall"] == 1


async def test_stamp_that_others_came_in_on_outlives_its_annulment(bench: Bench) -> None:
    code = await bench.a_ticket(persons=3)
    row = await reserved(bench, code, persons=1)
    await bench.store.scan(code, bench.place("desk"), persons=2)

    await bench.store.annul(row)

    assert (await bench.state(code)).made == 1
    assert counted(await bench.events()) == (2, 1)


async def test_unknown_visitor_of_a_free_gate_is_awaited_and_let_go(bench: Bench) -> None:
    await bench.admin.set_mode("hall", Mode.FREE.value)
    row = await reserved(bench, "NOBODY")
    assert await figures(bench) == (0, 0, 0, 1)
    await bench.store.annul(row)
    assert await figures(bench) == (0, 0, 0, 0)

    await bench.store.passage(await reserved(bench, "SOMEBODY"))

    assert await figures(bench) == (1, 0, 1, 0)
    assert await bench.admin.overdue(FOR_EVER) == []


async def test_late_passage_of_a_free_gate_leaves_the_ticket_as_it_is(bench: Bench) -> None:
    code = await bench.a_ticket()
    await bench.admin.set_mode("hall", Mode.FREE.value)
    row = await reserved(bench, code)
    await bench.store.annul(row)

    await bench.store.passage(row)

    assert await figures(bench) == (1, 0, 1, 0)
    assert await bench.state(code) == NEW


async def test_stranger_let_out_in_an_evacuation_is_counted_out_as_he_passes(bench: Bench) -> None:
    await bench.admin.restore_inside({"hall": 5})
    await bench.admin.set_mode("hall", Mode.EVACUATE.value)
    row = await reserved(bench, "NOBODY", bench.place(direction="exit", reserves=True))

    await bench.store.passage(row)

    assert await figures(bench) == (-1, 0, 4, 0)


async def test_long_names_keep_the_record_small(bench: Bench) -> None:
    outer, inner = "o" * 32, "i" * 32
    await bench.a_space(outer)
    await bench.a_space(inner, parent=outer)
    code = await bench.a_ticket(stamps=None, spaces=(outer, "x" * 32, "y" * 32), holder="é" * 99)
    await bench.store.scan(code, bench.place("r" * 32, outer), nonce="n")
    row = await reserved(bench, code, bench.place("s" * 32, inner, reserves=True))
    await bench.store.passage(row)

    record = await bench.admin.client.get(bench.admin.key(f"t:{code}"))
    assert len(record) <= 600


async def test_reservation_outlives_a_rebuild(bench: Bench) -> None:
    await bench.a_space("museum")
    await bench.a_space("hall", parent="museum")
    code = await bench.a_ticket(persons=2)
    await bench.store.scan(code, bench.place("main", "museum"), persons=2)
    await bench.store.scan(code, bench.place("main", "museum", "exit"), persons=2)
    other = await bench.a_ticket(persons=2)
    row = await reserved(bench, other, persons=2)
    state = state_of_row(row)
    assert state is not None
    memory = [f"{row.event_id},{row.memory}"]

    await bench.admin.wipe()
    await bench.admin.begin(2)
    await bench.a_product(f"of-{other}")
    ticket = Ticket(other, f"of-{other}", persons=2)
    await bench.admin.load_tickets([ticket_row(ticket, 9) | state_row(state) | {"nonces": memory}])
    await bench.admin.reopen(other, event=row.event_id, deadline=int(row.deadline))
    await bench.admin.set_phase("ready")
    assert (await bench.reserved()) == {"hall": 2, "museum": 2}

    await bench.store.passage(row, persons=1)
    await bench.store.annul(row)

    assert (await bench.reserved()) == {"hall": 0, "museum": 0}
    assert (await bench.inside()) == {"hall": 1, "museum": 1}
    assert (await bench.state(other)).persons_by_window == (1,)
    assert counted(await bench.events()) == (1, 1)


async def test_taken_back_stamp_forgets_its_nonce(bench: Bench) -> None:
    code = await bench.a_ticket()
    place = bench.place()
    first = await bench.store.scan(code, place, nonce="n")
    keys = [bench.store.key(f"t:{code}"), *bench.store._settling_keys()]
    hashed = bench.store.nonce_hash(place.reader, "n")

    answer = await bench.store._call("take_back", keys, [hashed, bench.store.now(), "20260613"])
    second = await bench.store.scan(code, place, nonce="n")

    assert answer == "taken_back"
    assert second.granted
    assert not second.replayed
    assert second.event != first.event


async def test_nonce_answers_the_first_decision_after_an_undo(bench: Bench) -> None:
    code = await bench.a_ticket()
    first = await bench.store.scan(code, bench.place(), nonce="n")
    await bench.store.undo(await grant_of(bench, first), operator="otto", reason=None)

    second = await bench.store.scan(code, bench.place(), nonce="n")

    assert (second.granted, second.replayed, second.event) == (True, True, first.event)
    assert (await bench.state(code)).made == 0


async def test_evacuation_comes_before_a_product_the_store_does_not_know(bench: Bench) -> None:
    await bench.put(Ticket("LOST", "nothing-of-that-name"))
    await bench.admin.set_mode("hall", "evacuate")

    decision = await bench.store.scan("LOST", bench.place())
    exit_ = await bench.store.scan("LOST", bench.place(direction="exit"))

    assert decision.reason == "evacuation"
    assert exit_.granted


async def test_events_of_a_code_with_backslashes_are_found_in_the_stream(bench: Bench) -> None:
    code = "A\\B\\\\C"
    await bench.store.scan(code, bench.place())
    assert [row.ticket_code for row in await bench.admin.events_of(code, "0-0")] == [code]


async def test_backslashes_of_names_and_words_are_those_that_were_said(bench: Bench) -> None:
    code = await bench.a_ticket(of="day\\night\\")
    await bench.store.scan(code, bench.place(), override="C:\\new", operator="ada\\bob")
    granted = (await bench.events())[0]

    await bench.store.undo(granted, operator="eve\\", reason="\\N")

    undone = (await bench.events())[1]
    assert [(row.product, row.operator, row.override_reason) for row in (granted, undone)] == [
        ("day\\night\\", "ada\\bob", "C:\\new"),
        ("day\\night\\", "eve\\", "\\N"),
    ]


async def test_count_told_again_counts_nobody_twice(bench: Bench) -> None:
    await bench.a_space("garden")

    async def count(once: str | None, space: str = "hall") -> Settled:
        place = bench.place("", space)
        return await bench.store.count(place, persons=2, operator="", reason=None, once=once)

    first, second = await count("a"), await count("b")
    again = [await count("a"), await count("b"), await count("a")]

    assert [it.replayed for it in (first, second, *again)] == [False, False, True, True, True]
    assert [it.event for it in again] == [first.event, second.event, first.event]
    assert await bench.inside() == {"garden": 0, "hall": 4}
    elsewhere = await count("a", "garden")
    assert not elsewhere.replayed
    assert not (await count(None)).replayed
    assert not (await count(None)).replayed
    assert await bench.inside() == {"garden": 2, "hall": 8}
    assert [space.id for space in await bench.admin.spaces()] == ["garden", "hall"]
