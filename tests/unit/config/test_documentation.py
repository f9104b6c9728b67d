"""docs/site-file.md names every key, and says nothing that is not so."""

import re
from pathlib import Path

import pytest

from config import Retention, models
from config.contacts import CONTACTS, Contact
from config.sources import Source
from config.values import Section
from config.webhooks import Webhook
from drivers.modbus.settings import ModbusSettings
from drivers.mqtt.settings import MqttSettings
from drivers.osdp.settings import OsdpSettings
from drivers.serial.settings import SerialSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "site-file.md").read_text(encoding="utf-8")

ORDER = ("reader", "turnstile", "door", "relay", "lamp")

TABLES = [
    models.Identity,
    models.Stores,
    models.Http,
    Retention,
    models.Space,
    models.Code,
    models.Period,
    models.Planning,
    models.PlanningException,
    models.Controller,
    models.Channel,
    models.Equipment,
    Source,
    Webhook,
    ModbusSettings,
    MqttSettings,
    OsdpSettings,
    SerialSettings,
]


@pytest.mark.parametrize("table", TABLES)
def test_the_page_names_every_key(table: type[Section]) -> None:
    keys = {field.alias or name for name, field in table.model_fields.items()}
    missing = {key for key in keys if f"`{key}`" not in PAGE and f"{key} = " not in PAGE}

    assert missing == set()


def contact_table(*, output: bool) -> str:
    """Print the contacts as the page has them: those that mean the same in one row."""
    rows: dict[str, list[Contact]] = {}
    for each in CONTACTS:
        if each.output is output:
            means = each.means.removesuffix(" (entry)").removesuffix(" (exit)")
            rows.setdefault(means, []).append(each)
    lines = [f"| {'output' if output else 'input'} | of | |", "|---|---|---|"]
    for means, contacts in rows.items():
        names = ", ".join(f"`{each.name}`" for each in sorted(contacts, key=lambda one: one.name))
        first = contacts[0]
        kinds = ", ".join(kind for kind in ORDER if kind in first.kinds)
        told = [means]
        told += ["required"] if first.required else []
        told += ["closed at rest: its *loss* says it"] if first.normally_closed else []
        lines.append(f"| {names} | {kinds} | {'; '.join(told)} |")
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("output", [True, False])
def test_the_page_has_the_table_of_contacts(output: bool) -> None:
    assert contact_table(output=output) in PAGE


@pytest.mark.parametrize(
    ("section", "table"),
    [
        ("[site]", models.Identity),
        ("[stores]", models.Stores),
        ("[http]", models.Http),
        ("[[space]]", models.Space),
        ("[[equipment]]", models.Equipment),
        ("[[controller]]", models.Controller),
        ("[[webhook]]", Webhook),
        ("[[source]]", Source),
    ],
)
def test_the_page_gives_the_right_defaults(section: str, table: type[Section]) -> None:
    text = PAGE.partition(f"## `{section}`")[2].partition("\n## ")[0].partition("\n### ")[0]
    text = text.partition("| `mqtt` | default")[0]
    for row in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", text, re.MULTILINE):
        keys = re.findall(r"`(\w+)`", row[0])
        defaults = [each.strip().strip("`") for each in row[1].split(",")]
        for key, told in zip(keys, defaults * len(keys), strict=False):
            default = table.model_fields[key].get_default()
            if isinstance(default, str | int | float) and default not in {"", False}:
                expected = f"{default:g}" if isinstance(default, float) else str(default)
                assert (key, told) == (key, expected)
