"""The examples in the docstrings of the room are true."""

import doctest
import importlib
import pkgutil

import pytest

import gateway.tickets

MODULES = [
    module.name for module in pkgutil.walk_packages(gateway.tickets.__path__, "gateway.tickets.")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(module))

    assert found.failed == 0
