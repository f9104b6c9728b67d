"""A site file while it is checked: each table as it is written, and as its model where it is right.

Tables are read one by one, so that an error in one does not hide what is wrong with another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.models import Code, Controller, Equipment, Period, Planning, Space
from config.problems import Problem, of_validation, suggested
from config.sources import Source
from config.values import Section
from config.webhooks import Webhook
from config.wires import Wires, WireSettings


@dataclass(frozen=True, slots=True)
class Table[Model: Section]:
    """One table of an array: where it stands, what is written, and its model if it is right."""

    kind: str
    position: int
    written: Mapping[str, Any]
    model: Model | None

    @property
    def id(self) -> str | None:
        """Its id, also where something else in it is wrong."""
        return self.text("id")

    def text(self, key: str) -> str | None:
        """Return the text a key has, also where something else is wrong; what is none is none."""
        found = self.written.get(key)
        return found if isinstance(found, str) else None

    def problem(self, *key: str | int, text: str) -> Problem:
        """Return a problem at one of its keys."""
        return Problem((self.kind, self.position, *key), text)


class Draft:
    """All tables of a site file, and the settings of its controllers' wires.

    Args:
        data: The file.
        wires: The wires of this installation.
        folder: Where it lies: what a wire reads beside it is named relative to that.
        environment: Variables, some of which hold what a wire keeps secret.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        wires: Wires,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self._around = {"folder": folder, "environment": environment or {}}
        self.spaces = _tables(data, "space", Space)
        self.codes = _tables(data, "code", Code)
        self.periods = _tables(data, "period", Period)
        self.plannings = _tables(data, "planning", Planning)
        self.controllers = _tables(data, "controller", Controller)
        self.equipment = _tables(data, "equipment", Equipment)
        self.webhooks = _tables(data, "webhook", Webhook)
        self.sources = _tables(data, "source", Source)
        self.wires: dict[str, WireSettings] = {}
        """By the controller's id, where its wire is known and its settings are right."""
        self.problems: list[Problem] = []
        """What is wrong with the wires' settings."""
        for table in self.controllers:
            self._wire(table, wires)

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a plain section; whatever is none is empty, reported elsewhere."""
        found = self.data.get(name)
        return found if isinstance(found, Mapping) else {}

    def _wire(self, table: Table[Controller], wires: Wires) -> None:
        """Check a controller's own keys with the model of its wire."""
        driver = table.written.get("driver")
        if not wires or not isinstance(driver, str):
            return
        if driver not in wires:
            if table.model is not None:
                text = f"found {driver!r}, not installed here; {suggested(driver, sorted(wires))}"
                self.problems.append(table.problem("driver", text=text))
            return
        model = wires[driver]
        own = {key for key in table.written if key not in Controller.model_fields}
        try:
            settings = model.model_validate(
                {key: table.written[key] for key in own}, context=self._around
            )
        except ValidationError as error:
            around = (table.kind, table.position)
            self.problems += of_validation(error, model, around, tuple(Controller.model_fields))
        else:
            if table.id is not None:
                self.wires.setdefault(table.id, settings)


def _tables[Model: Section](
    data: Mapping[str, Any], kind: str, model: type[Model]
) -> Sequence[Table[Model]]:
    """Return an array of tables; whatever is none is an empty table, reported elsewhere."""
    written = data.get(kind)
    if not isinstance(written, list):
        return []
    tables = [each if isinstance(each, Mapping) else {} for each in written]
    return [
        Table(kind, position, table, _model(table, model)) for position, table in enumerate(tables)
    ]


def _model[Model: Section](table: Mapping[str, Any], model: type[Model]) -> Model | None:
    try:
        return model.model_validate(table)
    except ValidationError:
        return None
