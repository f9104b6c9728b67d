"""`composteur check` and `composteur init`, as a person at the terminal sees them."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from config import examples
from gateway.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command; return its status and what it wrote."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("name", examples.names())
def test_init_writes_a_site_file_that_check_draws(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    svg = tmp_path / "venue.svg"

    status, out, _ = run(capsys, "init", name, "--site", str(site))
    assert (status, site.read_text()) == (0, examples.text(name))
    assert f"wrote {site}" in out

    status, out, err = run(capsys, "check", str(site), "--svg", str(svg))
    assert (status, err) == (0, "")
    assert out.endswith(f"drawn into {svg}\n{site}: ok\n")
    assert "Boards" in out
    assert ET.parse(svg).getroot().tag.endswith("svg")


def test_init_leaves_a_file_that_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text("mine")

    status, _, err = run(capsys, "init", "pool", "--site", str(site))

    assert status == 1
    assert "exists and was left as it is" in err
    assert site.read_text() == "mine"


def test_init_names_the_venues_it_knows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "init", "zoo", "--site", str(tmp_path / "site.toml"))

    assert status == 2
    assert "found 'zoo', allowed: escape, museum, pool, stadium" in err


def test_check_tells_all_that_is_wrong_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text("[http]\nport = '80'\n[[space]]\nid = 'hall'\n")

    status, out, err = run(capsys, "check", str(site))

    assert (status, out) == (1, "")
    assert err.splitlines() == [
        f"{site}:2: http.port: found '80', allowed: a whole number",
        (
            f"{site}:4: space[0].id: found 'hall', but nothing leads into it: no reader, "
            "turnstile or door serves it, or a space within it, by the entry"
        ),
    ]


def test_check_warns_and_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        "[[space]]\nid = 'hall'\ncapacity = 5\n[[equipment]]\nid = 'desk'\nspace = 'hall'\n"
    )

    status, out, err = run(capsys, "check", str(site))

    assert status == 0
    assert out.endswith(f"{site}: ok\n")
    assert err.startswith(f"warning: {site}:3: space[0].capacity: 5 persons fill it for good")


def test_check_says_how_to_make_a_file_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "check", str(tmp_path / "site.toml"))

    assert status == 1
    assert "make one with: composteur init museum" in err


def test_check_prints_the_schema_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "check", "--schema")

    document = json.loads(out)
    assert status == 0
    assert "mqtt" in str(document["properties"]["controller"])


def test_check_tells_of_secrets_that_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(
        '[[webhook]]\nid = "till"\nurl = "https://till.example.org"\nsecret_file = "no.secret"\n'
        'events = ["granted"]\n[[source]]\nid = "shop"\nurl = "https://pretix.eu"\n'
        'organizer = "museum"\nevents = ["nuit"]\ntoken_file = "no.token"\n'
    )

    status, _, told = run(capsys, "check", str(path))

    assert "webhook till: secret_file no.secret: no such file or directory" in told
    assert "source shop: token_file no.token is not there" in told
    assert status == 0
