"""CODE, an argument of several commands."""

import click


def canonical(code: str) -> str:
    """Return the canonical reference of a code as somebody typed it."""
    from gateway.tickets import codes

    reference = codes.canonical(code)
    if reference is None:
        raise click.BadParameter("found a control character, or nothing", param_hint="CODE")
    return reference
