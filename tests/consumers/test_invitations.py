"""The mail with an invitation: sent once, with a token that stands nowhere else."""

import asyncio
import subprocess
import sys
from base64 import b64encode
from uuid import UUID

from commands.invite_again import InviteAgain
from consumers.account_invitation import ACCOUNT_INVITATION
from consumers.deliver import Deliverer
from daybook import accounts
from daybook.settings import Settings
from events.domain.account import Account
from events.invitation_tokens import InvitationTokens
from projections import confirmations
from tests.consumers.corner_shop import CornerShop
from tests.consumers.mailbox import Mailbox


def test_the_projection_and_the_worker_mean_the_same_kind() -> None:
    assert ACCOUNT_INVITATION == confirmations.ACCOUNT_INVITATION


async def invited(settings: Settings, shop: CornerShop) -> UUID:
    """The delivery of an invitation that `daybook account add` asked for."""
    # In a thread: like the command, it runs an event loop of its own.
    work = accounts.add(settings, "default", "Grace@example.com", "Grace Hopper", ["admin"], with_password=False)
    await asyncio.to_thread(asyncio.run, work)
    (delivery_id,) = await shop.project()
    return delivery_id


async def test_it_carries_a_token_that_opens_to_the_account(
    shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox
) -> None:
    delivery_id = await invited(settings, shop)
    await deliverer.deliver("default", [delivery_id])
    mail = mailbox.only()
    assert mail["To"] == "Grace Hopper <grace@example.com>"
    (token,) = [line.strip() for line in mail.get_content().splitlines() if line.startswith("  ")]
    tenant, account_id = InvitationTokens(settings.secret).open(token)
    row = await shop.row(delivery_id)
    assert (tenant, row["status"], row["order_id"]) == ("default", "done", Account.id_of(account_id))
    (sent,) = await shop.events(delivery_id)
    assert sent.type == "AccountInvitationSent"
    for event in await shop.shop.reader.after(0, 1_000):
        assert token.encode() not in event.data
        assert b"grace" not in event.data.lower()


async def test_it_is_sent_once(shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox) -> None:
    delivery_id = await invited(settings, shop)
    await deliverer.deliver("default", [delivery_id])
    await shop.service.pool.execute("UPDATE deliveries SET status = 'pending', due_at = now()")
    await deliverer.deliver("default", [delivery_id])
    assert len(mailbox.mails()) == 1
    assert (await shop.row(delivery_id))["status"] == "done"


async def test_who_is_invited_again_gets_another_mail(
    shop: CornerShop, settings: Settings, deliverer: Deliverer, mailbox: Mailbox
) -> None:
    first = await invited(settings, shop)
    await deliverer.deliver("default", [first])
    account_id = await shop.service.pool.fetchval("SELECT account_id FROM accounts WHERE name = 'Grace Hopper'")
    await shop.handle(InviteAgain(account_id))
    (second,) = await shop.project()
    await deliverer.deliver("default", [second])
    assert len({mail["Message-ID"] for mail in mailbox.mails().values()}) == 2
    assert [event.type for event in await shop.events(second)] == ["AccountInvitationSent"]


async def test_an_account_may_be_given_a_password_instead(shop: CornerShop, settings: Settings) -> None:
    def add(password: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "daybook", "account", "add", "root@example.com", "--role", "admin", *more],
            input=password,
            env={
                "DATABASE_URL": settings.database_url,
                "REDIS_URL": settings.redis_url,
                "DAYBOOK_SECRET": settings.secret,
                "DAYBOOK_MASTER_KEY": b64encode(settings.master_key).decode(),
                "DAYBOOK_DATA": str(settings.data),
                "PYTHONPATH": ":".join(sys.path),
            },
            capture_output=True,
            check=False,
            text=True,
        )

    short = await asyncio.to_thread(add, "short\n", "--password-stdin")
    assert (short.returncode, short.stdout) == (2, "")
    made = await asyncio.to_thread(add, "correct horse battery staple\n", "--password-stdin")
    assert (made.returncode, made.stdout) == (0, "the account is active\n"), made.stderr
    again = await asyncio.to_thread(add, "correct horse battery staple\n", "--password-stdin")
    assert (again.returncode, again.stderr) == (1, "daybook: there is an account with this mail address already\n")
    await shop.project()
    row = await shop.service.pool.fetchrow("SELECT status, roles FROM accounts WHERE email = 'root@example.com'")
    assert row is not None
    assert tuple(row) == ("active", ["admin"])
