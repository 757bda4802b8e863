"""The mails that the mail catcher keeps, as far as they are removed again: those to somebody who was forgotten."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from uuid import UUID

_A_UUID = 36
"""Characters. A mail's file is named by its Message-ID, which begins with the id of its delivery."""


class KeptMails:
    """The folder of a demonstration's mails; where mails go to a server of one's own, there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def remove(self, deliveries: Collection[UUID]) -> None:
        """Remove the mails of these deliveries, from whatever sender. Raises OSError."""
        await asyncio.to_thread(self._remove, {str(delivery) for delivery in deliveries})

    def _remove(self, deliveries: Collection[str]) -> None:
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name[:_A_UUID] in deliveries and path.name[_A_UUID : _A_UUID + 1] == "@":
                path.unlink(missing_ok=True)
