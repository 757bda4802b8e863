"""SQL statements by file name: one statement a file, beside the code that runs it."""

from pathlib import Path
from types import SimpleNamespace


def load_statements(folder: Path) -> SimpleNamespace:
    """Every `name.sql` of `folder` as the attribute `name`."""
    return SimpleNamespace(**{path.stem: path.read_text() for path in sorted(folder.glob("*.sql"))})
