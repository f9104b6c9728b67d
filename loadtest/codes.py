"""Make the codes of the tickets a load test presents: by formula, so that nobody has to store them.

Three programs make the same codes: this one, `wrk/scans.lua` and `sql/tickets.sql`. What must agree
is written here: a tag of 18 characters, then 40 bits in base32. The numbers are scattered over the
40 bits by an odd multiplier, so that neighbours in time are no neighbours in an index, as with real
tickets; the product of number and multiplier stays below 2⁵³, all that Lua can count.
"""

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
MULTIPLIER = 1_640_531_527
SPAN = 1 << 40
MOST = (1 << 53) // MULTIPLIER
"""The highest number that still has a code."""

TAG = "COMPOSTEURLOADTEST"
"""The first 18 of 26 characters, when a run needs only one series."""

_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]


def code_of(number: int, tag: str = TAG) -> str:
    """Return the code with this number in the series of a tag.

    >>> code_of(0)
    'COMPOSTEURLOADTESTAAAAAAAA'
    >>> len(code_of(4_000_000)), code_of(1) != code_of(2)
    (26, True)
    """
    place = number * MULTIPLIER % SPAN
    return (
        f"{tag}{_PAIRS[place >> 30]}{_PAIRS[place >> 20 & 1023]}"
        f"{_PAIRS[place >> 10 & 1023]}{_PAIRS[place & 1023]}"
    )
