"""What the door stands on, as the composition root hands it in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import asyncpg
from redis.asyncio import Redis

from api.limits import Limits
from api.live.hubs import Hubs
from api.tokens import Tokens
from commands.handle import CommandHandler
from commands.order_numbers import OrderNumbers
from commands.place_order import PAY_WITHIN
from events.codec import Codec
from events.invitation_tokens import InvitationTokens
from events.log.reader import LogReader
from events.mail_claims import MailClaims
from events.opaque import Cursors, Positions
from events.repository import Repository

if TYPE_CHECKING:
    from api.issuer import Issuer
    from api.revocations import Revocations
    from api.sessions import Sessions


class Shop(Protocol):
    """One tenant's parts."""

    @property
    def tenant(self) -> str: ...
    @property
    def reader(self) -> LogReader: ...
    @property
    def codec(self) -> Codec: ...
    @property
    def repository(self) -> Repository: ...
    @property
    def commands(self) -> CommandHandler: ...
    @property
    def numbers(self) -> OrderNumbers: ...
    @property
    def positions(self) -> Positions: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def mail_claims(self) -> MailClaims: ...


class Shops(Protocol):
    """Finds a tenant's parts. Raises LookupError for a tenant that does not exist."""

    async def shop(self, tenant: str) -> Shop: ...


class Backend:
    """Everything a request may need, made once a process."""

    def __init__(
        self,
        shops: Shops,
        pool: asyncpg.Pool,
        redis: Redis,
        tokens: Tokens,
        hubs: Hubs,
        limits: Limits,
        sessions: "Sessions",
        revocations: "Revocations",
        invitations: InvitationTokens,
        issuer: "Issuer | None" = None,
        webhook_secrets: Sequence[str] = (),
        pay_within: timedelta = PAY_WITHIN,
    ) -> None:
        """`webhook_secrets`: the payment provider's; without one no webhook is taken. `pay_within`: how long an order
        that is paid online waits for its payment."""
        self.shops = shops
        self.pool = pool
        self.redis = redis
        self.tokens = tokens
        self.hubs = hubs
        self.limits = limits
        self.webhook_secrets = webhook_secrets
        self.pay_within = pay_within
        self.sessions = sessions
        self.revocations = revocations
        self.invitations = invitations
        self.issuer = issuer
