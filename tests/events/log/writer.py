"""A process that appends to a log as fast as it can: `python -m tests.events.log.writer URL TENANT COMMANDS`.

Prints a line for each command that was acknowledged: its id and position.
"""

import asyncio
import sys
from uuid import uuid4

from events.log.append import Appended
from tests.appenders import make_appenders
from tests.events.log.writing import command, event

AT_ONCE = 16


async def write(url: str, tenant: str, commands: int) -> None:
    async with make_appenders(url) as new_appender:
        appender = new_appender(tenant)

        async def one_after_another() -> None:
            for _ in range(commands // AT_ONCE):
                one = command(event(uuid4(), 1), event(uuid4(), 1))
                outcome = await appender.append(one)
                assert isinstance(outcome, Appended)
                print(one.command_id, outcome.position)

        await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3])))
