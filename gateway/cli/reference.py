"""CODE, an argument of several commands."""

import click


def canonical(code: str) -> str:
    """Return the canonical reference of a code as somebody typed it."""
    from gateway.tickets import codes

    if len(code.encode(errors="surrogateescape")) > codes.MAX_CODE_BYTES:
        raise click.BadParameter(f"found more than {codes.MAX_CODE_BYTES} bytes", param_hint="CODE")
    reference = codes.canonical(code)
    if reference is None:
        raise click.BadParameter("found a control character, or nothing", param_hint="CODE")
    return reference
