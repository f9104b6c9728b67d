"""The JSON Schema of the site file, for editors: every key with what it means and allows."""

from typing import Any

from config.models import Controller, Site
from config.wires import Wires, WireSettings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACE = "#/$defs/"


def schema(wires: Wires) -> dict[str, Any]:
    """Return the schema of site files where these wires are installed.

    It is whole in itself, without references: editors show what stands beside a value only.
    """
    found = _whole(Site.model_json_schema())
    boards = [_board(driver, model) for driver, model in sorted(wires.items())]
    if boards:
        found["properties"]["controller"]["items"] = {"oneOf": boards}
    return {
        "$schema": DIALECT,
        **found,
        "title": "Composteur site file",
        "description": "Everything about one venue; docs/site-file.md explains it.",
    }


def _board(driver: str, model: type[WireSettings]) -> dict[str, Any]:
    """Return the schema of a `[[controller]]` on one wire: our keys and the wire's."""
    ours, own = _whole(Controller.model_json_schema()), _whole(model.model_json_schema())
    named = {"const": driver, "description": ours["properties"]["driver"]["description"]}
    return {
        "type": "object",
        "title": f'driver = "{driver}"',
        "description": own.get("description", ""),
        "properties": ours["properties"] | {"driver": named} | own.get("properties", {}),
        "required": [*ours["required"], *own.get("required", ())],
        "additionalProperties": False,
    }


def _whole(document: dict[str, Any]) -> dict[str, Any]:
    """Put what is referred to in the place of each reference."""
    shared = document.pop("$defs", {})

    def resolved(part: Any) -> Any:
        match part:
            case {"$ref": str(name), **beside}:
                return {**resolved(shared[name.removeprefix(_PLACE)]), **resolved(beside)}
            case dict():
                return {key: resolved(value) for key, value in part.items()}
            case list():
                return [resolved(each) for each in part]
            case _:
                return part

    whole: dict[str, Any] = resolved(document)
    return whole
