"""An evacuation lasts until it is clear and somebody has acknowledged."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from controllers.evacuation import Change, Evacuation, Record, Stage


class TestOperator:
    def test_it_goes_from_calm_to_calm(self) -> None:
        evacuation = Evacuation()
        play = [
            (None, evacuation.stage),
            (evacuation.begin("anna", 5), evacuation.stage),
            (evacuation.normal(), evacuation.stage),
            (evacuation.acknowledge(), evacuation.stage),
        ]

        assert play == [
            (None, Stage.CALM),
            (Change.BEGAN, Stage.EVACUATING),
            (Change.CLEARED, Stage.CLEARED),
            (Change.ENDED, Stage.CALM),
        ]
        assert evacuation.record is None

    def test_an_acknowledgement_before_it_is_clear_is_refused_and_says_why(self) -> None:
        evacuation = Evacuation()
        evacuation.begin("anna", 5)

        assert evacuation.acknowledge() is None
        assert evacuation.not_clear == ("nobody has set the space to normal",)
        assert evacuation.stage is Stage.EVACUATING

    def test_an_acknowledgement_of_nothing_changes_nothing(self) -> None:
        evacuation = Evacuation()

        assert evacuation.acknowledge() is None
        assert evacuation.not_clear == ()

    def test_said_again_it_is_not_clear_any_more(self) -> None:
        evacuation = Evacuation()
        evacuation.begin("anna", 5)
        assert evacuation.begin("ben", 6) is None
        evacuation.normal()

        assert evacuation.begin("ben", 7) is Change.AGAIN
        assert evacuation.acknowledge() is None
        assert evacuation.record == Record(5, "anna")

    def test_normal_said_again_is_no_news(self) -> None:
        evacuation = Evacuation()
        evacuation.begin("anna", 5)
        evacuation.normal()

        assert evacuation.normal() is None

    def test_normal_in_calm_is_not_kept_for_later(self) -> None:
        evacuation = Evacuation()
        assert evacuation.normal() is None
        evacuation.begin("anna", 5)

        assert evacuation.stage is Stage.EVACUATING


class TestFire:
    def test_a_fire_input_begins_it_and_its_end_alone_ends_nothing(self) -> None:
        evacuation = Evacuation()

        assert evacuation.fire("north-1", 5, active=True) is Change.BEGAN
        assert evacuation.fire("north-1", 6, active=False) is None
        assert evacuation.stage is Stage.EVACUATING
        assert evacuation.acknowledge() is None

    def test_every_fire_input_must_be_at_rest(self) -> None:
        evacuation = Evacuation()
        evacuation.fire("north-1", 5, active=True)
        assert evacuation.fire("south-1", 6, active=True) is None
        evacuation.fire("north-1", 7, active=False)

        assert evacuation.normal() is None
        assert evacuation.not_clear == ("fire input of south-1 is active",)
        assert evacuation.acknowledge() is None
        assert evacuation.fire("south-1", 8, active=False) is Change.CLEARED
        assert evacuation.acknowledge() is Change.ENDED

    def test_fire_again_while_it_is_clear_begins_it_again(self) -> None:
        evacuation = Evacuation()
        evacuation.fire("north-1", 5, active=True)
        evacuation.fire("north-1", 6, active=False)
        evacuation.normal()

        assert evacuation.fire("north-1", 7, active=True) is Change.AGAIN
        assert evacuation.fire("north-1", 8, active=False) is None
        assert evacuation.not_clear == ("nobody has set the space to normal",)

    def test_fire_after_an_operator_said_normal_asks_them_again(self) -> None:
        evacuation = Evacuation()
        evacuation.fire("north-1", 5, active=True)
        evacuation.normal()
        evacuation.fire("south-1", 6, active=True)
        evacuation.fire("north-1", 7, active=False)
        evacuation.fire("south-1", 7, active=False)

        assert evacuation.stage is Stage.EVACUATING

    def test_a_level_told_again_changes_nothing(self) -> None:
        evacuation = Evacuation()
        assert evacuation.fire("north-1", 1, active=False) is None
        evacuation.fire("north-1", 5, active=True)
        evacuation.normal()

        assert evacuation.fire("north-1", 6, active=True) is None
        assert evacuation.fire("north-1", 7, active=False) is Change.CLEARED

    def test_equipment_taken_out_of_the_site_holds_nothing_up(self) -> None:
        evacuation = Evacuation()
        evacuation.fire("north-1", 5, active=True)
        evacuation.normal()

        assert evacuation.forget("north-1") is Change.CLEARED


class TestRestart:
    def test_it_goes_on_over_a_restart_with_the_inputs_as_they_were_last_seen(self) -> None:
        before = Evacuation()
        before.fire("north-1", 5, active=True)
        evacuation = Evacuation(before.record)

        assert evacuation.stage is Stage.EVACUATING
        assert evacuation.normal() is None
        assert evacuation.not_clear == ("fire input of north-1 is active",)
        assert evacuation.fire("north-1", 9, active=False) is Change.CLEARED

    def test_one_that_was_clear_still_is(self) -> None:
        before = Evacuation()
        before.begin("anna", 5)
        before.normal()

        assert Evacuation(before.record).acknowledge() is Change.ENDED


class Venue(RuleBasedStateMachine):
    """However it goes, it ends only when clear, and by an acknowledgement."""

    INPUTS = st.sampled_from(("north", "south"))

    def __init__(self) -> None:
        super().__init__()
        self.evacuation = Evacuation()
        self.active: set[str] = set()
        self.said_normal = False

    @rule(name=INPUTS, active=st.booleans())
    def fire(self, name: str, active: bool) -> None:
        if active and name not in self.active:
            self.said_normal = False
        self.active = self.active | {name} if active else self.active - {name}
        self.evacuation.fire(name, 1, active=active)
        assert not active or self.evacuation.stage is Stage.EVACUATING

    @rule()
    def begin(self) -> None:
        self.evacuation.begin("anna", 1)
        self.said_normal = False
        assert self.evacuation.stage is Stage.EVACUATING

    @rule()
    def normal(self) -> None:
        self.evacuation.normal()
        self.said_normal = self.evacuation.stage is not Stage.CALM

    @rule()
    def acknowledge(self) -> None:
        before = self.evacuation.stage
        ended = self.evacuation.acknowledge()
        assert (ended is Change.ENDED) == (before is Stage.CLEARED)
        if ended:
            self.said_normal = False
        elif before is Stage.EVACUATING:
            assert self.evacuation.not_clear

    @rule()
    def restart(self) -> None:
        record = self.evacuation.record
        self.evacuation = Evacuation(record)
        if record is None:
            for name in self.active:
                self.evacuation.fire(name, 1, active=True)

    @invariant()
    def it_is_clear_only_when_it_is(self) -> None:
        if self.evacuation.stage is Stage.CLEARED:
            assert not self.active
            assert self.said_normal
        if self.active:
            assert self.evacuation.stage is Stage.EVACUATING


TestVenue = Venue.TestCase
