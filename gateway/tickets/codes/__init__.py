"""Codes: what a reader reads, taken apart into the reference of a ticket.

Pure: texts, keys and the time come in, a `Reading` comes out; nothing here raises for what somebody
may hold before a reader. One format a file (docs/codes.md tells them byte by byte): `reference` a
code as it is, `signed` and `rotating` those that prove themselves, `foreign` those of others;
`decoder` chooses among them, `keys` are what they are checked with.
"""

from gateway.tickets.codes.reference import MAX_CODE_BYTES, canonical, is_pseudonym

__all__ = ("MAX_CODE_BYTES", "canonical", "is_pseudonym")
