"""One reader on a line: whether it is there, and whose turn it is to speak.

libosdp says that a reader is online when it has only said who it is; here it is up once it has
answered as one that is online does, and down when it has not for `DOWN_S`. A reader that had to be
asked anew who it is may have started anew, and is told down and up: whoever had it show or switch
something tells it again.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import structlog

from config.contacts import contacts_of
from config.values import Kind as Equipment
from drivers.commands import Command
from drivers.link import Surroundings
from drivers.osdp.framing import (
    CAPABILITIES,
    CHALLENGE,
    CRYPTOGRAM,
    ID,
    INPUTS,
    NAK,
    OUTPUTS,
    POLL,
    Frame,
)
from drivers.osdp.obeying import SHOWS, Obeying
from drivers.osdp.panel import Identity, Panel
from drivers.osdp.reading import Reading
from drivers.osdp.settings import OsdpSettings
from drivers.pending import failed
from drivers.signals import LinkChanged

DOWN_S: Final = 3.0
"""It is down when it has not answered for so long: libosdp asks again 1 s after a lost answer."""
FIRST_S: Final = 1.0
"""The same for one that has not been there yet."""
PATIENCE_S: Final = 0.25
"""An answer begins within 200 ms, by the norm. libosdp gets no turn meanwhile: it would then send
a command again."""
LEAST_PATIENCE_S: Final = 0.06
"""For a reader that is not there, so that the others of its line hardly wait for it."""
PROBES_S: Final = (0.25, 0.5, 0.75, 1.0)
"""A reader that is not there is asked again after so long: it is back within 2 s of its return."""
STUCK_S: Final = 0.3
"""libosdp has given a reader up that it has not asked anything for so long."""

KEYED: Final = frozenset({CHALLENGE, CRYPTOGRAM})
HANDSHAKE: Final = KEYED | {ID, CAPABILITIES}
"""What is asked before a reader is online."""

log = structlog.get_logger(__name__)


class Reader:
    """One reader.

    Args:
        settings: how it is spoken to.
        surroundings: whose it is.
        panel: libosdp's end.
        wake: has the line look at once whether there is something to send.
    """

    def __init__(
        self,
        settings: OsdpSettings,
        surroundings: Surroundings,
        panel: Panel,
        wake: Callable[[], None],
    ) -> None:
        self.up: bool | None = None
        """Whether it is there, as it was told; ``None`` before anything was."""
        self.why = "it has not been asked yet"
        """Why it is not."""
        self.panel = panel
        self.address = settings.address
        outputs, inputs = _wired(surroundings)
        self.obeying = Obeying(outputs, bool(inputs), settings.idle_colour, wake)
        self._reading = Reading(settings, surroundings, inputs)
        self._orders = self.obeying.orders
        self._surroundings = surroundings
        self._ids = [each.id for each in surroundings.devices]
        self._secure = settings.key is not None
        self._name = f"{settings.port}, address {settings.address}"
        self._online = False
        self._unsure = False
        """It may have started anew."""
        self._excuse = False
        """It is to be asked anew for a reason that is known."""
        self._anew = True
        """libosdp is to begin anew with it."""
        self._asked = POLL
        self._asked_at = self._good_at = self._rests_until = 0.0
        self._missed = False
        """libosdp will ask it again what it has not answered."""
        self._heard = False
        self._wrong = "no answer"
        """What was wrong with it when it was asked last."""
        self._probes = 0
        self._slowest_s = 0.0

    @property
    def online(self) -> bool:
        """Whether it answers just now; when it has to be asked anew it is up, and does not."""
        return self._online

    @property
    def identity(self) -> Identity | None:
        """What it says it is; ``None`` before it has been there."""
        return self.obeying.identity

    # --- as the line sees it

    @property
    def urgent(self) -> bool:
        """Whether there is something to tell it."""
        return bool(self._orders)

    @property
    def patience_s(self) -> float:
        """How long its answer may take; one that is silent is given less, but for now and then."""
        there = self._online and not self._missed
        if there or (not self._online and self._probes % len(PROBES_S) == 0):
            return PATIENCE_S
        return min(PATIENCE_S, max(LEAST_PATIENCE_S, 2 * self._slowest_s))

    def turn(self, now: float) -> bytes | None:
        """Go on; return what is to be sent to it."""
        self._pass_time(now)
        if now < self._rests_until:
            return None
        if self._anew:
            self._anew = not self.panel.begin_anew()
            if self._anew:
                return None
            self._asked_at = now
        order = self._orders.next(now) if self._online and not self._missed else None
        if order is not None and not self.panel.submit(order.told):
            self._orders.end("libosdp does not take it")
        data = self.panel.turn()
        self._notice(now)
        if data is not None:
            self._asked, self._asked_at = Frame.of(data).id, now
        elif not self._online and now > self._asked_at + STUCK_S:
            self._again(now)
        return data

    def told(self, frame: Frame, now: float) -> None:
        """Take its answer."""
        returns, self._missed, self._heard = self._missed, False, True
        self._slowest_s = max(self._slowest_s, now - self._asked_at)
        refused = frame.id == NAK
        self._excuse = self._reading.too_long(frame) or (
            refused and self._orders.current is not None
        )
        self.panel.hear(self._reading.frame(frame, now))
        if self.panel.online and not refused and self._asked not in HANDSHAKE:
            self._good_at = now
            if not self._online:
                self._come(now)
            elif returns:
                self.obeying.ask_inputs(now)  # what it told before may have been lost
        self._take(now)
        self._notice(now)

    def silent(self, now: float) -> None:
        """No answer has come."""
        self._heard = False
        if self._orders.current is not None and self._asked != POLL:
            self._orders.end("no answer")
            self.panel.fail()
            self._take(now)
            self._notice(now)
        elif self._online:
            self._missed, self._wrong = True, "no answer"
        else:
            self.panel.fail()
            self._again(now)

    def dropped(self, what: str, now: float) -> None:
        """Something was heard on its line that is no answer."""
        self._reading.dropped(what, now)

    def opened(self, now: float) -> None:
        """The line is there."""
        self._good_at = now - DOWN_S + FIRST_S
        self._rests_until, self._anew, self._probes, self._heard = now, True, 0, False

    def lost(self, why: str) -> None:
        """The line is not there (any more)."""
        self._online = False
        self._go_down(why)

    def ended(self) -> None:
        """Nobody speaks to it any more."""
        self._online, self.up = False, None
        self.obeying.end("the link has ended")

    def ask_anew(self, now: float) -> None:
        """Ask it anew who it is, for a reason of ours."""
        self._excuse = True
        self._begin_anew(now)

    # --- whether it is there

    def _pass_time(self, now: float) -> None:
        self._reading.tick(now)
        if self._online:
            self.obeying.tick(now)
        if self._orders.late(now):
            self._orders.end("busy")
            self._begin_anew(now)
        if self.up is not False and now - self._good_at > DOWN_S:
            if self._online:
                self._begin_anew(now)
            self._go_down(f"{self._name}: {self._wrong}")

    def _take(self, now: float) -> None:
        """Take what libosdp has understood."""
        while self.panel.completed:
            kind, obeyed = self.panel.completed.popleft()
            current = self._orders.current
            if current is None or current.kind is not kind:
                continue  # it was given up before
            if not obeyed and self._excuse and kind in SHOWS:
                log.warning("reader_refuses", reader=self._name, what=kind.name.lower())
                self.obeying.refused.add(kind)
            self._orders.end(None if obeyed else "refused")
        while self.panel.events:
            self._reading.event(self.panel.events.popleft(), now)

    def _notice(self, now: float) -> None:
        """See what libosdp thinks of it."""
        if self._online and not self.panel.online:
            self._begin_anew(now)

    def _begin_anew(self, now: float) -> None:
        """Ask it anew who it is, at once: it may have started anew, unless the reason is known."""
        self._unsure = self._unsure or not self._excuse
        self._excuse = self._online = False
        self._orders.end("it has to be asked anew who it is")
        self._anew, self._rests_until = True, now

    def _again(self, now: float) -> None:
        """Ask one that is not there again, after a while."""
        self._wrong = self._what_is_wrong()
        self._rests_until = now + PROBES_S[min(self._probes, len(PROBES_S) - 1)]
        self._probes += 1
        self._anew = True

    def _come(self, now: float) -> None:
        self._online, self._probes = True, 0
        if self.up and self._unsure:
            self._go_down("it may have started anew")
        identity = self.panel.identity
        self.obeying.begin(identity)
        self._reading.lengths = {INPUTS: identity.inputs, OUTPUTS: identity.outputs}
        self._unsure = False
        if not self.up:
            self.up, self.why = True, ""
            log.info("reader_up", reader=self._name)
            for name in self._ids:
                self._surroundings.take(LinkChanged(name, up=True))
        self.obeying.ask_inputs(now)

    def _go_down(self, why: str) -> None:
        if self.up is not False or why != self.why:
            log.warning("reader_down", reader=self._name, why=why)
        was, self.up, self.why = self.up, False, why
        self.obeying.end(why)
        self._reading.forget()
        if was is not False:
            for name in self._ids:
                self._surroundings.take(LinkChanged(name, up=False, why=why))

    def _what_is_wrong(self) -> str:
        """Say for people why it has not come."""
        if not self._heard:
            return "no answer"
        if self._secure and self._asked in KEYED:
            return "it does not take our key: is it paired?"
        if self._secure and not self.panel.identity.secure:
            return "it knows no secure channel"
        if self._asked == POLL and not self._secure:
            return "it refuses to be spoken to without a key"
        return "its answers are not understood"

    # --- what it is told

    def send(self, device: str, command: Command, not_after: int) -> "asyncio.Future[None]":
        """Tell it something in its turn; the future ends with its acknowledgement."""
        within_s = (not_after - self._surroundings.wall()) / 1000
        if device not in self._ids:
            return failed(f"{device} is not on this link")
        if within_s <= 0:
            return failed("too late to be sent")
        if not self.up:
            return failed(self.why)
        return self.obeying.send(command, within_s)


def _wired(
    surroundings: Surroundings,
) -> tuple[dict[str, int], list[tuple[str, str, int]]]:
    """Return the outputs that are used, by name, and the inputs, with whose they are."""
    outputs: dict[str, int] = {}
    inputs: list[tuple[str, str, int]] = []
    for device in surroundings.devices:
        for contact in contacts_of(cast("Equipment", device.kind)):
            channel = device.channels.get(contact.name)
            if channel is None:
                continue
            if contact.output:
                outputs[contact.name] = channel.at
            else:
                inputs.append((device.id, contact.name, channel.at))
    return outputs, inputs
