import doctest
from collections.abc import Mapping
from pathlib import Path
from typing import override

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from config import Channel, ChannelRange, WireSettings, examples, locate, problems, values, wires
from config.problems import SiteFileError
from config.values import Kind
from config.wires import contacts
from gateway.venue.wires import SETTINGS

SITE = Path("/venue/site.toml")
READER = "[[equipment]]\nid = 'desk'\nspace = 'a'\n"


def told_of(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """Return what is told about a text, one string for each problem."""
    with pytest.raises(SiteFileError) as caught:
        config.parse(text, SITE, environment)
    return str(caught.value).splitlines()


def test_an_empty_file_is_a_site_with_every_default() -> None:
    site = config.parse("", SITE)

    assert site.id == "museum"
    assert (site.stores.redis, site.stores.postgres, site.stores.mqtt) == (
        "embedded",
        "embedded",
        None,
    )
    assert site.stores.durability == "always"
    assert (site.http.host, site.http.port) == ("127.0.0.1", 8080)


def test_the_mark_some_editors_begin_a_file_with_is_overlooked(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(b"\xef\xbb\xbf[site]\r\nid = 'pool'\r\n")

    assert config.load(file).id == "pool"


def test_paths_are_relative_to_the_file() -> None:
    site = config.parse('[stores]\nstate_dir = "data"\n', SITE)

    assert site.stores.state_dir == Path("/venue/data")


@pytest.mark.parametrize("name", examples.names())
def test_every_example_loads_without_a_warning(name: str) -> None:
    examined = config.examine(examples.FOLDER / f"{name}.toml", {}, SETTINGS)

    assert examined.site.id == name
    assert examined.site.equipment
    assert examined.warnings == ()


def test_there_is_an_example_for_each_sort_of_venue() -> None:
    assert examples.names() == ("escape", "museum", "pool", "stadium")


def test_all_errors_come_at_once_each_with_its_line() -> None:
    told = told_of(
        """
[http]
port = "80"

[[space]]
id = "hall"
capacity = 0

[[space]]
id = "Cellar"
parent = "castle"

[[equipment]]
id = "gateway"
space = "hall"
directions = "both"
"""
    )

    assert told == [
        "/venue/site.toml:3: http.port: found '80', allowed: a whole number",
        "/venue/site.toml:7: space[0].capacity: found 0, allowed: 1 or more",
        (
            "/venue/site.toml:10: space[1].id: found 'Cellar', "
            "allowed: 1 to 32 of a-z 0-9 and -, beginning with a letter or digit"
        ),
        (
            "/venue/site.toml:11: space[1].parent: found 'castle', no [[space]] has this id; "
            "allowed: hall, Cellar"
        ),
        (
            "/venue/site.toml:14: equipment[0].id: found 'gateway', a name kept for gateways; "
            "choose another"
        ),
        (
            "/venue/site.toml:16: equipment[0].directions: is not a key here; "
            "did you mean direction?"
        ),
    ]


def test_a_missing_key_is_told_at_its_table() -> None:
    assert told_of("[[space]]\nid = 'a'\n\n[[equipment]]\nid = 'r'\n") == [
        "/venue/site.toml:4: equipment[0].space: is missing"
    ]


def test_a_syntax_error_has_its_line() -> None:
    (told,) = told_of("[site]\nid = \n")

    assert told.startswith("/venue/site.toml:2: is not TOML: ")


def test_an_id_given_twice_is_told_at_the_second() -> None:
    assert told_of(READER + "[[space]]\nid = 'a'\n[[space]]\nid = 'a'\n") == [
        "/venue/site.toml:7: space[1].id: found 'a' a second time"
    ]


def test_a_circle_of_spaces_is_told_once() -> None:
    spaces = "".join(
        f"[[space]]\nid = '{name}'\nparent = '{around}'\n"
        for name, around in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))
    )

    assert told_of(READER.replace("'a'", "'d'") + spaces) == [
        "/venue/site.toml:6: space[0].parent: a space lies within itself: a in b in c in a"
    ]


def test_a_password_is_never_repeated() -> None:
    told = told_of('[stores]\npostgres = "mysql://seller:hunter2@db/tickets"\n')

    assert "hunter2" not in "".join(told)
    assert told[0].startswith("/venue/site.toml:2: stores.postgres: found mysql://… (hidden)")


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "redis"
    secret.write_text("redis://:pass@store:6379/0\n")

    site = config.parse(
        "",
        SITE,
        {
            "COMPOSTEUR__STORES__POSTGRES": "postgresql://gateway:pass@db/tickets",
            "COMPOSTEUR__STORES__REDIS_FILE": str(secret),
            "PATH": "/bin",
        },
    )

    assert site.stores.postgres == "postgresql://gateway:pass@db/tickets"
    assert site.stores.redis == "redis://:pass@store:6379/0"


def test_a_bad_secret_is_told_with_its_variable() -> None:
    (told,) = told_of("", {"COMPOSTEUR__STORES__POSTGRES": "oracle://x"})

    assert told.startswith("COMPOSTEUR__STORES__POSTGRES: stores.postgres: found oracle://…")


def test_only_secrets_come_from_the_environment() -> None:
    (told,) = told_of("", {"COMPOSTEUR__HTTP__PORT": "80"})

    assert told.startswith("COMPOSTEUR__HTTP__PORT: sets nothing; allowed: ")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=r"site\.toml: cannot be read: no such file"):
        config.load(tmp_path / "site.toml")


def test_a_handheld_reports_no_passages() -> None:
    (told,) = told_of(
        "[[space]]\nid = 'a'\n[[equipment]]\nid = 'r'\nspace = 'a'\ncount_on = 'passage'\n"
    )

    assert "a handheld reports none" in told


def test_a_controller_keeps_the_settings_of_its_wire() -> None:
    site = config.parse(
        "[[controller]]\nid = 'north'\ndriver = 'modbus'\nport = '/dev/ttyS0'\n", SITE
    )

    assert site.controllers[0].settings == {"port": "/dev/ttyS0"}


def test_plannings_are_read_with_their_periods_and_exceptions() -> None:
    site = config.parse(
        """
[[period]]
id = "christmas"
days = ["2026-12-20..2027-01-03"]
[[planning]]
id = "opening"
week = { tue = ["10:00-18:00"], sat = ["10:00-12:30", "13:30-24:00"] }
periods = { christmas = {} }
exception = [{ date = "2026-12-24", include = ["10:00-12:00"], capacity = 150 }]
[[space]]
id = "hall"
planning = "opening"
[[equipment]]
id = "desk"
space = "hall"
""",
        SITE,
    )

    (planning,) = site.plannings
    assert planning.week["sat"] == ("10:00-12:30", "13:30-24:00")
    assert planning.periods == {"christmas": {}}
    assert planning.exceptions[0].capacity == 150


def test_dangling_planning_and_period_are_told() -> None:
    told = told_of(
        READER
        + "[[space]]\nid = 'a'\nplanning = 'x'\n[[planning]]\nid = 'p'\nperiods = { y = {} }\n"
    )

    assert [line.partition(": ")[2].partition(":")[0] for line in told] == [
        "space[0].planning",
        "planning[0].periods.y",
    ]


def test_the_chain_of_a_space_is_innermost_first() -> None:
    site = config.load(examples.FOLDER / "museum.toml")

    assert site.chain("exhibition") == ("exhibition", "museum")


def test_elements_of_an_array_have_their_lines() -> None:
    found = locate.lines_of(
        """days = [ # [
  "a, b", "c",
  # nothing
  { deep = ["x",
            "y"] },
]
short = ["x"]
""".strip()
    )

    assert [found["days", n] for n in range(3)] == [2, 2, 4]
    assert found["short", 0] == 7
    assert ("days", 3) not in found


def test_lines_are_found_past_strings_and_arrays_of_several_lines() -> None:
    text = '''
title = """
[not.a.table]
key = 1
"""
[a.b]
list = [
  "[x]",  # ]
  { deep = 1 },
]
after = 2
[[c]]
[[c]]
d.e = 1
[c.f]
g = 2
'''
    found = locate.lines_of(text)

    assert ("not", "a", "table") not in found
    assert found["a", "b", "after"] == 11
    assert found["c", 1, "d", "e"] == 14
    assert found["c", 1, "f", "g"] == 16
    assert locate.line_of(found, ("c", 0, "missing")) == 12
    assert locate.line_of(found, ("nowhere",)) is None


@pytest.mark.parametrize("module", [locate, problems, values, wires])
def test_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # a module is one


class Board(WireSettings):
    """A board of two outputs and two inputs."""

    host: str
    password: str = ""

    @override
    def channels(self, kind: Kind) -> dict[str, ChannelRange]:
        return contacts(kind, range(1, 3), range(1, 3))


class Caller(WireSettings):
    """A device known by its certificate."""

    certificate: Path


WIRES: dict[str, type[WireSettings]] = {"modbus": Board}
WIRED = """
[[space]]
id = "hall"
[[controller]]
id = "north"
driver = "modbus"
host = "north.local"
[[equipment]]
id = "door"
kind = "door"
space = "hall"
controller = "north"
channels = { lock = 1, contact = { at = 2, inverted = true } }
"""


def test_a_wire_checks_the_keys_of_its_controllers() -> None:
    with pytest.raises(SiteFileError) as caught:
        config.parse(
            "[[controller]]\nid = 'n'\ndriver = 'modbus'\nhost = 5\npasword = 'x'\n",
            SITE,
            {},
            WIRES,
        )

    assert str(caught.value).splitlines() == [
        "/venue/site.toml:4: controller[0].host: found 5, allowed: a string",
        (
            "/venue/site.toml:5: controller[0].pasword: is not a key here; "
            "did you mean password? allowed: id, driver, gateway, host, password"
        ),
    ]


def test_the_same_contact_of_two_boards_is_two_contacts() -> None:
    board = WIRED.partition("[[controller]]")[2].partition("[[equipment]]")
    second = f"[[controller]]{board[0]}[[equipment]]{board[2]}"
    second = second.replace('"north"', '"south"').replace('"door"\nkind', '"gate"\nkind')

    assert len(config.parse(WIRED + second, SITE, {}, WIRES).equipment) == 2


def test_paths_of_a_wire_are_relative_to_the_file() -> None:
    site = config.parse(
        WIRED + "[[controller]]\nid = 'far'\ndriver = 'http'\n"
        "certificate = 'far.pem'\n[[equipment]]\nid = 'lane'\nspace = 'hall'\n"
        "controller = 'far'\n",
        SITE,
        {},
        WIRES | {"http": Caller},
    )

    assert site.wire("far") == Caller(certificate=Path("/venue/far.pem"))


def test_settings_of_a_wire_are_kept_for_its_driver() -> None:
    site = config.parse(WIRED, SITE, {}, WIRES)

    assert site.wire("north") == site.wire(site.controllers[0]) == Board(host="north.local")
    assert config.parse(WIRED, SITE).wire("north") is None


def test_a_channel_is_a_number_or_a_table() -> None:
    site = config.parse(WIRED, SITE, {}, WIRES)

    assert site.equipment[0].channels == {
        "lock": Channel(at=1),
        "contact": Channel(at=2, inverted=True),
    }


def test_a_driver_that_is_not_installed_is_told() -> None:
    with pytest.raises(SiteFileError) as caught:
        config.parse("[[controller]]\nid = 'n'\ndriver = 'osdp'\n", SITE, {}, WIRES)

    assert str(caught.value) == (
        "/venue/site.toml:3: controller[0].driver: "
        "found 'osdp', not installed here; allowed: modbus"
    )


def test_a_reader_that_opens_a_gate_settles_as_the_gate_does() -> None:
    site = config.parse(
        WIRED
        + """
count_on = "passage"
open_s = 3
[[equipment]]
id = "scanner"
space = "hall"
opens = "door"
""",
        SITE,
        {},
        WIRES,
    )

    scanner = site.equipment[1]
    assert (scanner.opens, scanner.count_on, scanner.open_s) == ("door", "passage", 3)


JUNK = (
    "1", "-1", "0.5", "nan", "true", "''", "'x'", "'*'", "[]", "[[]]", "['x']", "{}", "{ x = 1 }",
    "[{}]", "2026-12-24", "10:00:00", "'museum'", "['24:00-00:00']", "{ lock = [] }", "99999999999",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_a_value_is_it_is_taken_or_told(data: st.DataObject) -> None:
    lines = examples.text(data.draw(st.sampled_from(examples.names()))).splitlines()
    keys = [number for number, line in enumerate(lines) if " = " in line]
    for number in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4)):
        key = lines[number].partition(" = ")[0]
        lines[number] = f"{key} = {data.draw(st.sampled_from(JUNK))}"

    try:
        config.examine_text("\n".join(lines), SITE, {}, SETTINGS)
    except SiteFileError as error:
        assert error.problems  # noqa: PT017  # either outcome is right
