"""`python -m gateway.cli` is `composteur`."""

from gateway.cli import main

main()
