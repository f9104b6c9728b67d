"""What webhooks are told: events as in a ticket's history, alarms as operators see them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from config import Webhook
from controllers.commands import Alarm
from gateway.central.calls import Told
from gateway.venue.alarms import Document
from gateway.venue.answers import Answers

_OF_THE_CALL: Final = frozenset({"id", "type", "facts", "gone"})
"""Columns of a call that are not its event's."""

_OF_AN_ALARM: Final = ("id", "kind", "equipment", "space", "direction", "reason", "text", "active")


def wanted(webhooks: Iterable[Webhook]) -> list[tuple[str, str]]:
    """Return which webhooks are to be told of what, as pairs."""
    return [(each.id, event) for each in webhooks for event in each.events]


def of_alarms(episodes: Iterable[tuple[str, Document]]) -> list[Told]:
    """Return what is to be told of the alarms a gateway remembers: each raised, each over.

    An alarm that is raised again while it holds is told of once; one that is over as soon as it is
    raised (somebody went the wrong way) each time.
    """
    found: list[Told] = []
    for since, alarm in episodes:
        at = since if alarm["active"] else alarm["cleared_at"]
        state = "raised" if alarm["active"] else "over"
        type_ = "space_full" if alarm["kind"] == Alarm.SPACE_FULL else "alarm"
        facts = {"since": since, **{name: alarm[name] for name in _OF_AN_ALARM}}
        facts["id"], _, _ = alarm["id"].partition("~")  # its name in history
        ref = f"{facts['id']}/{at}/{state}"
        facts = {"event_id": ref, "at": at, **facts}
        found.append(Told(ref, type_, datetime.fromisoformat(at), orjson.dumps(facts).decode()))
    return found


def body(site: str, calls: Sequence[Mapping[str, Any]], answers: Answers) -> bytes:
    """Write the body of a call that tells of these."""
    events = [_event(each, answers) for each in calls]
    return orjson.dumps({"site": site, "events": events})


def _event(call: Mapping[str, Any], answers: Answers) -> Document:
    data: Document
    if call["facts"] is not None:
        data = orjson.loads(call["facts"])
    else:
        columns = {name: value for name, value in call.items() if name not in _OF_THE_CALL}
        data = answers.stored_event(columns)
    return {"id": data["event_id"], "type": call["type"], "at": data["at"], "data": data}
