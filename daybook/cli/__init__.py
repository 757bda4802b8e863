"""The command line."""

import sys

from daybook.cli import begin, history, operate
from daybook.cli.app import app
from daybook.failure import as_failure

__all__ = ["app", "begin", "history", "main", "operate"]


def main() -> None:
    """Run a command; what can be expected to fail does so in one line on stderr, with status 1 or 2."""
    try:
        app()
    except Exception as error:
        failure = as_failure(error)
        if failure is None:
            raise
        print(f"daybook: {failure}", file=sys.stderr)
        sys.exit(failure.status)
