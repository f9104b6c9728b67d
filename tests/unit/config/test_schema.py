import json
import tomllib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from config import examples
from config.schema import schema
from tests.unit.config.regenerate import FOLDER
from tests.unit.config.stand_ins import WIRES

SCHEMA = schema(WIRES)
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)

BROKEN_IN_FORM = ("04-unknown-keys", "05-missing-keys", "12-space-out-of-bounds", "24-settings")
"""What an editor can see; what ties tables together only `composteur check` can."""


def keys(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return every key that a schema describes, with its schema."""
    if isinstance(part, dict):
        for name, value in part.get("properties", {}).items():
            yield f"{path}.{name}", value
            yield from keys(value, f"{path}.{name}")
        for under in ("items", "additionalProperties"):
            yield from keys(part.get(under), f"{path}[]")
        for each in (*part.get("oneOf", ()), *part.get("anyOf", ())):
            yield from keys(each, path)


@pytest.mark.parametrize("name", examples.names())
def test_every_example_is_valid_by_the_schema(name: str) -> None:
    found = [str(error) for error in VALIDATOR.iter_errors(tomllib.loads(examples.text(name)))]

    assert found == []


@pytest.mark.parametrize("name", BROKEN_IN_FORM)
def test_an_editor_sees_what_is_wrong_in_form(name: str) -> None:
    (broken,) = FOLDER.glob(f"{name}*.toml")

    assert not VALIDATOR.is_valid(tomllib.loads(broken.read_text()))


def test_every_key_says_what_it_means() -> None:
    stand_in = {"dialect", "prefix", "password", "tls_ca", "host", "port", "unit"}
    silent = {
        path
        for path, key in keys(SCHEMA)
        if not key.get("description")
        and not (path.startswith(".controller") and path.rpartition(".")[2] in stand_in)
    }

    assert silent == set()


def test_the_schema_is_whole_without_references() -> None:
    text = json.dumps(SCHEMA)

    assert "$ref" not in text
    assert "$defs" not in text


def test_a_controller_has_the_keys_of_its_own_wire_only() -> None:
    board = {"id": "north", "driver": "modbus", "host": "10.0.0.7"}

    assert VALIDATOR.is_valid({"controller": [board]})
    assert not VALIDATOR.is_valid({"controller": [board | {"dialect": "shelly"}]})
    assert not VALIDATOR.is_valid({"controller": [{"id": "north", "driver": "modbus"}]})


def test_without_wires_a_controller_may_say_anything() -> None:
    any_board = {"controller": [{"id": "n", "driver": "osdp", "speed": 9600}]}

    assert jsonschema_rs.is_valid(schema({}), any_board)
