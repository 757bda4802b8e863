"""Sends the webhooks that stand in the book, until each was taken."""

import asyncio
from time import time
from typing import Any
from urllib.parse import quote

import httpx
import structlog

from daybook.simulator.book import SQL, Book
from daybook.simulator.control import Chance
from events.webhook_signature import sign

_AT_ONCE = 16
_TIMEOUT = 10.0
_LATER = {409, 429}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0

log = structlog.get_logger("payments")


class Webhooks:
    """`run()` sends; `tell()` says that there is something new, or that `chance` is another."""

    def __init__(self, book: Book, url: str, secret: str, chance: Chance) -> None:
        """`url`: with `{tenant}` in it. `secret`: `whsec_…`."""
        self._book = book
        self._url = url
        self._secret = secret
        self._news = asyncio.Event()
        self._underway: dict[str, str] = {}
        self.chance = chance

    def tell(self) -> None:
        """Look again."""
        self._news.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client,
            asyncio.TaskGroup() as sending,
        ):
            while True:
                self._news.clear()
                due, wait = self._choose()
                for webhook in due:
                    self._underway[webhook["id"]] = webhook["psp_reference"]
                    sending.create_task(self._send(client, webhook))
                try:
                    async with asyncio.timeout(wait):
                        await self._news.wait()
                except TimeoutError:
                    continue

    def _choose(self) -> tuple[list[dict[str, Any]], float | None]:
        """What to send now, and in how many seconds to look again; None: when there is news."""
        control = self.chance.control
        if control.webhooks_paused:
            return [], None
        waiting = [row for row in self._book.rows(SQL.waiting_webhooks) if row["id"] not in self._underway]
        if control.reorder:
            waiting.reverse()
        else:
            # The oldest of each payment, and none while another of it is under way.
            busy = set(self._underway.values())
            oldest: dict[str, dict[str, Any]] = {}
            for row in waiting:
                if row["psp_reference"] not in busy:
                    oldest.setdefault(row["psp_reference"], row)
            waiting = list(oldest.values())
        now = time()
        due = [row for row in waiting if row["due_at"] <= now][: _AT_ONCE - len(self._underway)]
        later = [row["due_at"] - now for row in waiting if row["due_at"] > now]
        return due, min(later, default=None)

    async def _send(self, client: httpx.AsyncClient, webhook: dict[str, Any]) -> None:
        timestamp = int(time())
        url = (self.chance.control.webhook_url or self._url).replace("{tenant}", quote(webhook["tenant"], safe=""))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": webhook["id"],
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._secret, webhook["id"], timestamp, webhook["body"]),
        }
        answer: int | str
        try:
            answer = (await client.post(url, content=webhook["body"], headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            answer = type(error).__name__
        self._mark(webhook, answer)
        del self._underway[webhook["id"]]
        self.tell()

    def _mark(self, webhook: dict[str, Any], answer: int | str) -> None:
        status, copies, pause = "waiting", webhook["copies"], 0.0
        if isinstance(answer, str) or answer >= 500 or answer in _LATER:
            pause = min(_FIRST_PAUSE * 2.0 ** min(webhook["attempts"], 10), _LONGEST_PAUSE)
        elif answer >= 300:
            status = "given_up"
            log.warning("a webhook is refused, and given up", webhook=webhook["id"], answer=answer)
        else:
            copies -= 1
            status = "waiting" if copies else "delivered"
            pause = self.chance.delay() if copies else 0.0
        self._book.rows(
            SQL.mark_webhook,
            id=webhook["id"],
            status=status,
            copies=copies,
            answer=str(answer),
            due_at=time() + pause,
        )
