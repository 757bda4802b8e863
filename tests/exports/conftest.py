"""The shop with a past of tests/acceptance/test_verify.py, and what is exported of it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from daybook import export
from daybook.export import Wanted
from daybook.export_form import Form
from daybook.exported import Export
from daybook.settings import Settings
from tests.acceptance.test_verify import book, database, settings
from tests.projections.book import Book

__all__ = ["book", "database", "settings"]

Exports = Callable[..., Awaitable[Export]]


@pytest.fixture
def exports(
    book: Book, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Exports:
    """Exports the shop; `per_file` events go into a file."""

    async def exported(form: Form = Form.ndjson, *, per_file: int = 30, **wanted: Any) -> Export:
        monkeypatch.setattr(export, "EVENTS_PER_FILE", per_file)
        folder = tmp_path / form
        assert await asyncio.to_thread(export.run, settings, Wanted(folder, book.tenant, form, **wanted)) == 0
        capsys.readouterr()
        return Export(folder)

    return exported
