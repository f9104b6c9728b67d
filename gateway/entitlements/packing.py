"""Rows of the central database as the store keeps them: short fields, in one text for each.

The names of the fields are told in ``functions/record.lua`` and ``functions/catalogue.lua``. Rows
are anything indexed by the database's column names (asyncpg's records, dictionaries); instants are
aware datetimes or integer milliseconds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

import orjson

SEPARATOR = "\x1f"
LIST_SEPARATOR = "\x1e"
PART_SEPARATOR = "\x1d"
LONGEST_NAME = 60
"""Bytes kept of a name; the database has it whole."""
PHASE = "phase_3"
"""The field of the store's meta that tells the phase of records of this form.

Count it on here and in ``functions/record.lua`` when the form of the records changes: a store with
records of another form is told to be stale, and rebuilt.
"""

STATUS_LETTERS = {
    "active": "",
    "unpaid": "u",
    "on_hold": "h",
    "cancelled": "c",
    "replaced": "r",
    "blocked": "b",
}
STATUS_WORDS = {letter: word for word, letter in STATUS_LETTERS.items()}


class Row(Protocol):
    """A row by column name."""

    def __getitem__(self, name: str, /) -> Any: ...


def milliseconds(value: datetime | int | None) -> int | None:
    """Turn an instant into ms since the epoch."""
    if value is None or isinstance(value, int):
        return value
    return round(value.timestamp() * 1000)


def seconds(value: datetime | int | str | None) -> int | None:
    """Turn an instant into whole seconds since the epoch, cut."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value // 1000 if isinstance(value, int) else int(value.timestamp() // 1)


def cut(text: str, limit: int = LONGEST_NAME) -> str:
    r"""Cut a text to ``limit`` bytes of UTF-8, without control characters.

    >>> cut("Zoë\tB", 4)
    'Zoë'
    """
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(text) * 4 <= limit:
        return text
    return text.encode()[:limit].decode(errors="ignore")


def _flag(value: object) -> str:
    return "1" if value else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _joined(names: Sequence[str] | None) -> str:
    return ",".join(names) if names else ""


def _line(fields: Iterable[str]) -> str:
    """Write fields, each a letter and its value, as a line of the record has them."""
    return "".join(SEPARATOR + field for field in fields)


def fields_of(record: str) -> dict[str, str]:
    r"""Read a ticket's record as it lies in the store; what comes later in it holds.

    >>> fields_of("\x1fv1\x1fpvisit\n\x1fm2")
    {'v': '1', 'p': 'visit', 'm': '2'}
    """
    fields = record.replace("\n", "").split(SEPARATOR)
    return {field[0]: field[1:] for field in fields if field}


def stamps_in(record: bytes) -> int:
    r"""Count the stamps a ticket's record tells, without reading the rest of it.

    >>> stamps_in(b"\x1fv1\x1fpvisit\n\x1fm1,2\x1fy5"), stamps_in(b"\x1fv1\x1fpvisit\n")
    (3, 0)
    """
    _, _, first = record.partition(b"\n\x1fm")
    return sum(map(int, first.partition(b"\x1f")[0].split(b","))) if first else 0


def product_text(row: Row) -> str:
    """Pack a product for the catalogue."""
    return SEPARATOR.join(
        (
            str(row["rev"]),
            cut(row["label"] or ""),
            _joined(row["spaces"]),
            str(row["margin_before_s"]),
            str(row["margin_after_s"]),
            row["margin_after_from"][0],
            _text(row["max_stamps"]),
            _text(row["max_stamps_per_day"]),
            str(row["min_interval_s"]),
            _text(row["valid_for_s"]),
            row["reentry"][0],
            _text(row["reentry_window_s"]),
            _flag(row["allow_unpaid"]),
            _flag(row["partial_groups"]),
            _flag(row["attention"]),
            _flag(row["blocked"]),
        )
    )


def session_text(row: Row) -> str:
    """Pack a session for the catalogue."""
    return SEPARATOR.join(
        (str(row["rev"]), _text(seconds(row["starts_at"])), _text(seconds(row["ends_at"])))
    )


def _window_text(window: Mapping[str, Any]) -> str:
    return PART_SEPARATOR.join(
        (
            window.get("session") or "",
            _text(seconds(window.get("from"))),
            _text(seconds(window.get("until"))),
            _joined(window.get("spaces")),
            _text(window.get("stamps")),
        )
    )


def seller_fields(row: Row) -> str:
    """Pack what the seller says of a ticket.

    Of a deleted ticket nothing is said but that it is cancelled.
    """
    if row["product"] is None:
        return _line(("t" + STATUS_LETTERS["cancelled"],))
    fields = ["p" + row["product"], *_validity(row), *_standing(row)]
    put = fields.append
    if (value := row["holder"]) is not None and (holder := cut(value).strip()):
        put("h" + holder)
    if row["audience"] == "group":
        put("ag")
    if (value := row["persons"]) != 1:
        put(f"n{value}")
    if row["attention"]:
        put("A1")
    if value := row["spaces"]:
        put("x" + _joined(value))
    if value := row["windows"]:
        windows = orjson.loads(value) if isinstance(value, str | bytes) else value
        put("w" + LIST_SEPARATOR.join(map(_window_text, windows)))
    return _line(fields)


def _validity(row: Row) -> Iterator[str]:
    if (session := row["session"]) is not None:
        yield "s" + session
        return
    for field, column in (("F", "valid_from"), ("U", "valid_until")):
        if (value := row[column]) is not None:
            yield f"{field}{seconds(value)}"


def _standing(row: Row) -> Iterator[str]:
    if letter := STATUS_LETTERS[row["status"]]:
        yield "t" + letter
    if (value := row["hold_until"]) is not None:
        yield f"H{milliseconds(value)}"
    if (value := row["replaced_by"]) is not None:
        yield "R" + cut(value)
    if row["form_required"] and not row["form_signed"]:
        yield "f1"
    if (value := row["destroyed_at"]) is not None:
        yield f"D{milliseconds(value)}"


def _grant_text(entry: str) -> str:
    """Turn ``event,hash,persons,passed,window,flags`` into the record's order."""
    event, code, rest = entry.split(",", 2)
    return f"{code},{event},{rest}"


def state_fields(row: Row) -> str:
    """Pack what the gate has recorded of a ticket, for a rebuild; empty when nothing."""
    if row["made"] is None:
        return ""
    return _line((*_stamps(row), *_whereabouts(row), *_grants(row["nonces"])))


def _stamps(row: Row) -> Iterator[str]:
    made, admitted = _counts(row["made_by_window"]), _counts(row["persons_by_window"])
    if made:
        yield "m" + made
    if admitted and admitted != made:
        yield "e" + admitted
    first, last = milliseconds(row["first_at"]), milliseconds(row["last_at"])
    if first is not None:
        yield f"y{first}"
        yield f"Y{row['first_reader'] or row['last_reader'] or ''}"
    if last is not None and last != first:
        yield f"l{last}"
    if (reader := row["last_reader"]) and reader != row["first_reader"]:
        yield "L" + reader
    if (day := row["day"]) is not None:
        yield f"d{_day(day)}"
        yield f"c{row['made_on_day'] or 0}"


def _whereabouts(row: Row) -> Iterator[str]:
    if (inside := row["inside"]) is not None:
        yield "i" + inside
        if (origin := row["origin"]) is not None:
            yield "o" + origin
        if (persons := row["inside_persons"]) is not None and persons != 1:
            yield f"k{persons}"
    last = milliseconds(row["last_at"] or row["first_at"])
    if (moved := milliseconds(row["moved_at"])) is not None and moved != last:
        yield f"M{moved}"


def _grants(nonces: Sequence[str] | None) -> Iterator[str]:
    if nonces:  # the oldest first
        yield "g" + LIST_SEPARATOR.join(map(_grant_text, reversed(nonces)))


def _counts(figures: Sequence[int] | None) -> str:
    return ",".join(map(str, figures)) if figures and any(figures) else ""


def _day(day: date | int | str) -> str:
    return f"{day:%Y%m%d}" if isinstance(day, date) else str(day)
