"""A machine's part in a play: what it is told, and word for word what it answers."""

from controllers.commands import Command
from controllers.events import Event, Tick
from controllers.machine import Machine


class Play:
    """Calls of an instance are one line each: an event, then the commands it must lead to."""

    def __init__(self, machine: Machine, *before: Event) -> None:
        self.machine = machine
        self.now = 1_000_000
        self.said: list[Command] = []
        for event in before:
            self.tell(event)

    def __call__(self, event: Event, *expected: Command) -> None:
        assert self.tell(event) == list(expected)

    def wait(self, ms: int, *expected: Command) -> None:
        """Let time pass; the machine is told of each instant that it asked for."""
        assert self.pass_time(ms) == list(expected)

    def tell(self, event: Event) -> list[Command]:
        commands = self.machine.step(event, self.now)
        self.said += commands
        return commands

    def pass_time(self, ms: int) -> list[Command]:
        end, commands = self.now + ms, []
        while (due := self.machine.next_at) is not None and due <= end:
            self.now = max(self.now, due)
            commands += self.tell(Tick())
            after = self.machine.next_at
            assert after is None or after > self.now, "a busy loop"
        self.now = end
        return commands
