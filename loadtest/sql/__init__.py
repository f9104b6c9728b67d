"""The statements a load test makes, as a seller or a report would: only the tables of section 6."""

from importlib.resources import files


def statement(name: str) -> str:
    """Return the statement of a file."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
