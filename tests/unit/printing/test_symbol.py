"""What we print is read back, as a reader at a gate gets to see it."""

import math
import shutil
import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from gateway.printing.sheet import Printed, write_sheet
from gateway.printing.symbol import symbol
from gateway.tickets.codes import rotating, signed
from tests.unit.tickets.codes.builders import ED25519, LONGEST, MAC, NOW, REFERENCE, ROTATING

PRINTED_PX = round(20 / 25.4 * 300)
"""20 mm at 300 dpi, white border and all."""
SPAN = signed.Claim(LONGEST, NOW // 1000, NOW // 1000 + 86_400)
CODES = {
    "plain": LONGEST,
    "short": REFERENCE,
    "mac": signed.sign(MAC, SPAN),
    "ed25519": signed.sign(ED25519, SPAN),
    "rotating": rotating.code_at(ROTATING, LONGEST, NOW),
}
MOST = {"plain": 40, "short": 40, "mac": 64, "ed25519": 140, "rotating": 40}
"""Characters (DESIGN 11)."""


def printed(text: str) -> Image.Image:
    """A code as a printer of 300 dpi makes it, 20 mm wide."""
    drawn = BytesIO()
    symbol(text).save(drawn, kind="png", scale=8, border=4)
    drawn.seek(0)
    return Image.open(drawn).convert("L").resize((PRINTED_PX, PRINTED_PX))


def read(image: Image.Image) -> str | None:
    pixels = image.convert("L")
    view = memoryview(pixels.tobytes()).cast("B", (pixels.height, pixels.width))
    found = zxingcpp.read_barcode(view)
    return None if found is None else found.text


@pytest.mark.parametrize("kind", CODES)
def test_code_is_no_longer_than_it_may_be_and_in_capitals(kind: str) -> None:
    drawn = symbol(CODES[kind])

    assert len(CODES[kind]) <= MOST[kind]
    assert (drawn.mode, drawn.error) == ("alphanumeric", "M")


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("angle", [0, 7, 45, 90, 180, 263])
def test_printed_code_is_read_back_at_any_angle(kind: str, angle: int) -> None:
    side = math.ceil(PRINTED_PX * 1.5)
    paper = Image.new("L", (side, side), 255)
    paper.paste(printed(CODES[kind]), ((side - PRINTED_PX) // 2,) * 2)

    assert read(paper.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)) == CODES[kind]


@pytest.mark.parametrize("kind", CODES)
def test_printed_code_is_read_back_out_of_focus(kind: str) -> None:
    assert read(printed(CODES[kind]).filter(ImageFilter.GaussianBlur(1.5))) == CODES[kind]


@pytest.mark.parametrize("kind", CODES)
def test_printed_code_is_read_back_in_poor_light(kind: str) -> None:
    assert read(printed(CODES[kind]).point(lambda value: 60 + value // 4)) == CODES[kind]


def a_ticket(number: int) -> Printed:
    until = datetime(2027, 1, 15, 18, tzinfo=UTC)
    return Printed(CODES["mac"], LONGEST, f"Visite guidée {number}", ((None, until),), number)


def test_sheet_has_twelve_tickets_a_page(tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"

    pages = write_sheet(path, map(a_ticket, range(1, 14)), "Musée – 東京", datetime.isoformat)

    assert pages == 2
    assert path.read_bytes().startswith(b"%PDF-")


@pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="no pdftoppm here: apt-get install poppler-utils"
)
def test_every_code_of_a_sheet_is_read_back_from_its_page(tmp_path: Path) -> None:
    tickets = [Printed(code, LONGEST, kind, ()) for kind, code in CODES.items()]
    write_sheet(tmp_path / "sheet.pdf", tickets, "Museum", datetime.isoformat)

    command = ["pdftoppm", "-png", "-r", "300", str(tmp_path / "sheet.pdf"), str(tmp_path / "page")]
    subprocess.run(command, check=True)
    page = Image.open(next(tmp_path.glob("page*.png"))).convert("L")
    view = memoryview(page.tobytes()).cast("B", (page.height, page.width))

    assert {found.text for found in zxingcpp.read_barcodes(view)} == set(CODES.values())
