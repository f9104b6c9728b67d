"""A sheet of tickets as a PDF: QR code, product, when it is valid, and the reference to type."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import segno
from fpdf import FPDF

from gateway.printing.symbol import QUIET, symbol

COLUMNS: Final = 2
ROWS: Final = 6
MARGIN_MM: Final = 12.0
SYMBOL_MM: Final = 34.0
"""The code with its white border: 20 mm are read at a hand's breadth, these at an arm's length."""
GAP_MM: Final = 4.0
LINE_MM: Final = 5.0
SIZE_PT: Final = 10
SMALL_PT: Final = 8
LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Printed:
    """A ticket on paper.

    Attributes:
        code: what its QR code says.
        reference: what people type.
        label: its product.
        windows: when it may be stamped: from and until, ``None`` open.
        persons: how many it lets in.
    """

    code: str
    reference: str
    label: str
    windows: tuple[tuple[datetime | None, datetime | None], ...]
    persons: int = 1


def write_sheet(
    path: Path, tickets: Iterable[Printed], title: str, moment: Callable[[datetime], str]
) -> int:
    """Write an A4 sheet of tickets, two by six a page; return how many pages it has.

    Args:
        path: where to.
        tickets: which.
        title: the venue's name, on every ticket.
        moment: writes an instant in the venue's zone.
    """
    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_auto_page_break(auto=False)
    width = (pdf.w - 2 * MARGIN_MM) / COLUMNS
    height = (pdf.h - 2 * MARGIN_MM) / ROWS
    for number, ticket in enumerate(tickets):
        place = number % (COLUMNS * ROWS)
        if not place:
            pdf.add_page()
        left = MARGIN_MM + place % COLUMNS * width
        top = MARGIN_MM + place // COLUMNS * height
        _draw(pdf, ticket, title, moment, (left, top, width, height))
    pdf.output(str(path))
    return pdf.pages_count


def _draw(
    pdf: FPDF,
    ticket: Printed,
    title: str,
    moment: Callable[[datetime], str],
    box: tuple[float, float, float, float],
) -> None:
    left, top, width, height = box
    pdf.set_draw_color(200)
    pdf.set_line_width(0.1)
    pdf.rect(left, top, width, height)
    _draw_symbol(pdf, symbol(ticket.code), left, top + (height - SYMBOL_MM) / 2)
    room = width - SYMBOL_MM - GAP_MM
    pdf.set_xy(left + SYMBOL_MM, top + GAP_MM)
    lines = [
        (title, "B", SIZE_PT),
        (ticket.label, "", SIZE_PT),
        *((_span(window, moment), "", SMALL_PT) for window in ticket.windows[:3]),
        (f"× {ticket.persons}" if ticket.persons > 1 else "", "", SMALL_PT),
    ]
    for text, style, size in lines:
        if text:
            pdf.set_font("helvetica", style, size)
            _line(pdf, text, room)
    pdf.set_font("courier", "", SMALL_PT)
    _line(pdf, ticket.reference, room)


def _line(pdf: FPDF, text: str, room: float) -> None:
    """Write text that the font has, cut where it goes on for too long."""
    known = text[:LONGEST].encode("latin-1", "replace").decode("latin-1")
    pdf.multi_cell(room, LINE_MM, known, new_x="LEFT", new_y="NEXT")


def _span(
    window: tuple[datetime | None, datetime | None], moment: Callable[[datetime], str]
) -> str:
    if window == (None, None):
        return ""
    return " - ".join("..." if each is None else moment(each) for each in window)


def _draw_symbol(pdf: FPDF, code: segno.QRCode, left: float, top: float) -> None:
    modules = [*code.matrix]
    side = SYMBOL_MM / (len(modules) + 2 * QUIET)
    pdf.set_fill_color(0)
    for row, line in enumerate(modules):
        start = None
        for column, dark in enumerate([*line, 0]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:  # one bar: no hairline between its modules
                x, y = left + (QUIET + start) * side, top + (QUIET + row) * side
                pdf.rect(x, y, (column - start) * side, side, style="F")
                start = None
