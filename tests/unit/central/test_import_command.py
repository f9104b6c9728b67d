"""`composteur import` shows a file as it would be taken, without a store."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.central.imports.mapping import shipped
from gateway.cli.import_ import command


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text('[site]\nid = "museum"\ntimezone = "Europe/Paris"\n')
    return path


def run(*arguments: str | Path) -> str:
    return CliRunner().invoke(command, [str(each) for each in arguments]).output


def test_every_shipped_mapping_is_right_and_told() -> None:
    listed = run("--maps")

    assert shipped().keys() == {"awoo", "pretix"}
    assert all(f"{name} " in listed and about in listed for name, about in shipped().items())


def test_a_shipped_mapping_can_be_copied_and_changed(tmp_path: Path, site: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(run("--map-text", "awoo").replace('"N° billet"', '"Nummer"', 1))
    file = tmp_path / "liste.csv"
    file.write_bytes("Nummer;Produit;Nom;Statut\n17;Führung;Ada;perdu\n".encode("cp1252"))

    shown = run(file, "--map", mine, "--preview", "--site", site)

    assert "code             17\n" in shown
    assert "product          Führung\n" in shown
    assert "status           perdu   ✗ found 'perdu', the mapping knows: validé" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("about = 1", "not right: Expected `str`, got `int` - at `$.about`"),
        ("[tickets]", "unknown field `tickets`"),
        ("about = 'nothing'", "has none of [product], [session], [ticket]"),
        ("[ticket]\ncode = { fro = 'x' }", "unknown field `fro` - at `$.ticket"),
        ("[", "is not right"),
    ],
)
def test_a_mapping_that_is_not_right_is_told_where(
    tmp_path: Path, site: Path, text: str, said: str
) -> None:
    mine, file = tmp_path / "mine.toml", tmp_path / "sold.csv"
    mine.write_text(text)
    file.write_text("code,product\nA,adult\n")

    result = CliRunner().invoke(
        command, [str(file), "--map", str(mine), "--preview", "--site", str(site)]
    )

    assert said in str(result.exception)


def test_a_mapping_that_is_not_there_is_told(tmp_path: Path, site: Path) -> None:
    file = tmp_path / "sold.csv"
    file.write_text("code\n")

    result = CliRunner().invoke(command, [str(file), "--map", "shop", "--site", str(site)])

    assert str(result.exception) == "There is no mapping 'shop'; there is: awoo, pretix."
