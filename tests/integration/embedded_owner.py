"""Open the embedded stores of the folder named, in a process that a test may kill.

It tells the addresses in a line of JSON, then stops in order when its input closes.
"""

import asyncio
import dataclasses
import json
import sys
from pathlib import Path

from gateway.embedded import EMBEDDED, open_stores


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def main() -> None:
    async with open_stores(
        redis=EMBEDDED,
        postgres=EMBEDDED,
        state_dir=Path(sys.argv[1]),
        durability="always",
        say=_say,
    ) as addresses:
        print(json.dumps(dataclasses.asdict(addresses)), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
