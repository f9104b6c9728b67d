"""Whatever happens in whatever order: what a turnstile and a door never do, and always do."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal

from hypothesis import given
from hypothesis import strategies as st

from controllers.commands import (
    Alarm,
    Annul,
    Command,
    Commit,
    Count,
    Lock,
    Release,
    Revoke,
    SetMode,
)
from controllers.door import Door, DoorSettings
from controllers.events import (
    Acknowledged,
    BatteryRead,
    BondChanged,
    ContactChanged,
    EvacuationBegan,
    EvacuationEnded,
    Event,
    ExitRequested,
    FaultCleared,
    FaultSeen,
    FireInput,
    ForcedSeen,
    Granted,
    LinkBack,
    LinkLost,
    ModeSet,
    OpenOnce,
    PassageStarted,
    PassageTimedOut,
    Passed,
    PowerChanged,
    Released,
    ReleaseFailed,
    TailgatingSeen,
    Tick,
    WrongWay,
)
from controllers.interlock import Interlock
from controllers.machine import Machine
from controllers.turnstile import Turnstile, TurnstileSettings
from tests.unit.controllers.playbook import Play

ENTRY: Final = "entry"
EXIT: Final = "exit"
WAYS: tuple[Literal["entry", "exit"], ...] = (ENTRY, EXIT)
ENOUGH_MS: Final = 3_600_000

GRANTS = {
    grant.tx: grant
    for grant in (
        Granted(ENTRY, "t0"),
        Granted(ENTRY, "t1", persons=2),
        Granted(ENTRY, "t2", persons=5, longer=True),
        Granted(EXIT, "t3"),
        Granted(EXIT, "t4", persons=3),
        Granted(ENTRY, "t5", counted=True),
        Granted(EXIT, "t6", persons=2, dice=0.0),
        Granted(ENTRY, "t7", dice=0.0),
    )
}
ways = st.sampled_from(WAYS)
names = st.sampled_from([*GRANTS, "a0", "a1"])
grants = st.sampled_from([*GRANTS.values()])
rare: list[st.SearchStrategy[Event]] = [
    st.builds(WrongWay, ways),
    st.builds(TailgatingSeen, st.none() | ways),
    st.builds(ForcedSeen, ways),
    st.builds(ContactChanged, st.booleans()),
    st.builds(BondChanged, st.booleans()),
    st.just(ExitRequested()),
    st.builds(FireInput, st.booleans()),
    st.builds(FaultSeen, st.sampled_from(["", "motor"])),
    st.just(FaultCleared()),
    st.builds(PowerChanged, st.booleans()),
    st.builds(BatteryRead, st.integers(0, 100)),
    st.just(LinkLost()),
    st.just(LinkBack()),
    st.builds(ModeSet, ways, st.sampled_from(["normal", "free", "locked"])),
    st.builds(OpenOnce, ways, st.sampled_from(["a0", "a1"])),
    st.just(EvacuationBegan()),
    st.just(EvacuationEnded()),
    st.just(Acknowledged(Alarm.FORCED)),
    st.just(Tick()),
]
common: list[st.SearchStrategy[Event]] = [
    grants,
    grants,
    st.builds(Released, names),
    st.builds(ReleaseFailed, names, st.just("timeout")),
    st.builds(Passed, ways),
    st.builds(Passed, ways),
    st.builds(Passed, ways, names),
    st.builds(PassageStarted, ways),
    st.builds(PassageTimedOut, st.none() | ways, st.none() | names),
    st.builds(ContactChanged, st.booleans()),
]
delays = st.sampled_from([0, 1, 34, 35, 300, 1_499, 1_500, 5_000, 10_000, 31_000])
days = st.lists(st.tuples(delays, st.one_of(*common, *common, *rare)), max_size=60)

turnstiles = st.builds(
    TurnstileSettings,
    device_credits=st.booleans(),
    bag_check=st.sampled_from([0.0, 0.5]),
    assume_passed=st.sampled_from([False, False, False, True]),
    debounce_ms=st.just(35),
)
doors = st.builds(
    DoorSettings,
    relock=st.sampled_from(["open", "close"]),
    lock=st.sampled_from(["fail-safe", "fail-secure"]),
    rex_unlocks=st.booleans(),
    count_rex=st.booleans(),
    count_free=st.none() | ways,
    assume_passed=st.sampled_from([False, False, True]),
)
machines = turnstiles.map(Turnstile) | doors.map(Door)


class World:
    """A machine living through a day, and what somebody beside it knows."""

    def __init__(self, machine: Machine) -> None:
        self.play = Play(machine)
        self.linked = True
        self.fire = False
        self.evacuating = False
        self.modes: dict[str, str] = dict.fromkeys(WAYS, "normal")
        self.granted: dict[str, Granted] = {}
        self.passages = 0

    def live(self, day: list[tuple[int, Event]]) -> Iterator[tuple[Event, list[Command]]]:
        """Yield each event with what it led to; at last, time enough for everything to end."""
        for delay, planned in day:
            yield Tick(), self.play.pass_time(delay)
            event = self._possible(planned)
            if event is not None:
                self._learn(event)
                yield event, self.play.tell(event)
        yield Tick(), self.play.pass_time(ENOUGH_MS)

    def _possible(self, event: Event) -> Event | None:
        """Return the event as a world could have it: nobody passes under a grant to come."""
        if isinstance(event, Passed):
            if event.tx is not None and event.tx not in self.granted:
                return None
            self.passages += 1
            return replace(event, id=f"b-{self.passages}")
        return event

    def _learn(self, event: Event) -> None:
        match event:
            case LinkLost() | LinkBack():
                self.linked = isinstance(event, LinkBack)
            case ModeSet(direction, mode):
                self.modes[direction] = mode
            case FireInput(active):
                self.fire = active
                self.evacuating = self.evacuating or active
            case EvacuationBegan():
                self.evacuating = True
            case EvacuationEnded():
                self.evacuating = self.fire
            case Granted():
                self.granted.setdefault(event.tx, event)
            case _:
                pass


@given(machines, days)
def test_every_grant_ends_once_in_all_passed_or_the_rest_given_back(
    machine: Machine, day: list[tuple[int, Event]]
) -> None:
    world = World(machine)
    committed: Counter[str] = Counter()
    annulled: dict[str, int] = {}

    for _, commands in world.live(day):
        for command in commands:
            match command:
                case Commit(tx, persons):
                    assert persons > committed[tx]
                    committed[tx] = persons
                case Annul(tx):
                    assert tx not in annulled
                    annulled[tx] = world.granted[tx].persons - committed[tx]
                    assert annulled[tx] > 0
                case _:
                    pass

    for tx, grant in world.granted.items():
        if grant.counted:
            assert tx not in committed
            assert tx not in annulled
        elif tx in annulled:
            # A late passage commits again what was given back.
            assert grant.persons - annulled[tx] <= committed[tx] <= grant.persons
        else:
            assert committed[tx] == grant.persons


@given(machines, days)
def test_nobody_is_released_for_twice(machine: Machine, day: list[tuple[int, Event]]) -> None:
    world = World(machine)
    released: Counter[str] = Counter()

    for _, commands in world.live(day):
        for command in commands:
            if isinstance(command, Release):
                released[command.tx] += command.persons

    for tx, persons in released.items():
        assert persons <= (world.granted[tx].persons if tx in world.granted else 1)


@given(machines, days)
def test_nothing_closes_or_locks_in_an_evacuation(
    machine: Machine, day: list[tuple[int, Event]]
) -> None:
    world = World(machine)

    for _, commands in world.live(day):
        for command in commands if world.evacuating else []:
            assert not isinstance(command, Revoke | Lock)
            assert not isinstance(command, SetMode) or command.mode == "free"


@given(machines, days)
def test_nothing_is_released_while_locked_or_out_of_reach(
    machine: Machine, day: list[tuple[int, Event]]
) -> None:
    world = World(machine)

    for _, commands in world.live(day):
        for command in commands:
            if isinstance(command, Release | Revoke | SetMode | Lock):
                assert world.linked
            if isinstance(command, Release) and not world.evacuating:
                assert world.modes[command.direction] != "locked"


@given(turnstiles, days)
def test_every_passage_is_counted_once(
    settings: TurnstileSettings, day: list[tuple[int, Event]]
) -> None:
    world = World(Turnstile(replace(settings, assume_passed=False, debounce_ms=0)))
    before: dict[str, int] = defaultdict(int)

    for event, commands in world.live(day):
        counted = 0
        for command in commands:
            match command:
                case Commit(tx, persons):
                    counted += persons - before[tx]
                    before[tx] = persons
                case Count(persons=persons):
                    counted += persons
                case _:
                    pass
        if isinstance(event, Passed):
            nobody = not commands or all(not isinstance(each, Count | Commit) for each in commands)
            assert counted == 1 or (nobody and "t5" in world.granted)
        else:
            assert counted == 0


@given(turnstiles, days, st.integers(1, 5))
def test_a_bouncing_signal_counts_as_a_clean_one(
    settings: TurnstileSettings, day: list[tuple[int, Event]], bounces: int
) -> None:
    clean, bouncing = World(Turnstile(settings)), World(Turnstile(settings))
    for world in (clean, bouncing):
        for delay, planned in day:
            event = world._possible(planned)
            world.play.pass_time(delay)
            if event is None:
                continue
            world._learn(event)
            world.play.tell(event)
            if isinstance(event, Passed) and world is bouncing:
                for _ in range(bounces):
                    world.play.now += 1
                    world.play.tell(replace(event, id=None))
                world.play.now -= bounces

    def books(world: World) -> list[Command]:
        return [each for each in world.play.said if isinstance(each, Commit | Annul | Count)]

    assert books(bouncing) == books(clean)


@given(machines, days)
def test_it_rests_when_nothing_is_open(machine: Machine, day: list[tuple[int, Event]]) -> None:
    world = World(machine)

    for _ in world.live(day):
        due = machine.next_at
        assert due is None or due > world.play.now

    assert machine.next_at is None
    for direction in WAYS:
        assert machine.refusal(direction) in {None, "reader_out_of_service"}
    assert machine.state in {
        "idle",
        "locked",
        "free",
        "evacuation",
        "fault",
        "out_of_service",
        "open",
        "held",
        "forced",
        "unknown",
    }


@given(
    doors,
    st.lists(st.tuples(delays, st.booleans(), st.one_of(*common, *common, *rare)), max_size=60),
)
def test_two_doors_of_an_airlock_are_never_released_together(
    settings: DoorSettings, day: list[tuple[int, bool, Event]]
) -> None:
    group = Interlock()
    settings = replace(settings, assume_passed=False)
    plays = [Play(Door(settings, group), ContactChanged(open=False)) for _ in range(2)]
    world = World(plays[0].machine)

    for delay, which, event in day:
        for play in plays:
            play.pass_time(delay)
        world._learn(event)
        if world.evacuating or isinstance(event, ModeSet):
            continue
        other = plays[not which].machine
        assert isinstance(other, Door)
        secure = other.secure
        commands = plays[which].tell(event)
        if any(isinstance(command, Release) for command in commands):
            assert secure
