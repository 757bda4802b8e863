"""Where a wheel with a server's programs lies."""

import importlib.util
from pathlib import Path

from daybook.failure import Failure


def folder_of(package: str) -> Path:
    """The package's folder, found without importing it: importing these makes folders and warns.

    Raises Failure when it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise Failure(f"the package {package} is not installed: run `make setup`")
    return Path(found.origin).parent
