"""A text as a QR code: level M, in the smallest mode and version that hold it.

Level M survives 15 % of its modules being damaged (ISO/IEC 18004, 5.3): a fold, a thumb, rain.
"""

from typing import Final

import segno

QUIET: Final = 4
"""Modules of white around it, which readers need (ISO/IEC 18004, 5.3.8)."""


def symbol(text: str) -> segno.QRCode:
    """Return the QR code of a text."""
    return segno.make_qr(text, error="m", boost_error=False)
