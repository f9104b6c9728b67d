"""Time the disk: how long until 4 KiB are on it, for good.

`always` costs at least one of these for each batch of stamps, so no figure means much without it.
"""

import os
import tempfile
import time
from pathlib import Path

from loadtest.samples import Spread

BLOCK = 4096


def fsync_times(folder: Path, *, rounds: int = 300) -> Spread:
    """Append blocks to a new file in the folder, each followed by fdatasync, and time them."""
    samples: list[float] = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        block = os.urandom(BLOCK)
        for _ in range(rounds):
            begun = time.perf_counter()
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            samples.append(time.perf_counter() - begun)
    return Spread.of_seconds(samples)
