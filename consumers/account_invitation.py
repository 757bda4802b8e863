"""Invites somebody to an account by mail. The token is made when the mail is, so that it stands nowhere but in it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from email.message import EmailMessage
from uuid import UUID

from consumers.confirmation_mail import TEXTS, mail_to, message_id, one_line
from consumers.effect import Delivery, Recorded, Undeliverable
from consumers.recording import entry
from events.codec import Codec
from events.domain.account import Account, Invitation
from events.invitation_tokens import InvitationTokens
from events.log.append import Appended, Conflict
from events.log.appender import Appender
from events.log.reader import LogReader
from events.log.recorded import RecordedEvent
from events.repository import fold

ACCOUNT_INVITATION = "account_invitation"
"""The kind of delivery that this performs."""


class AccountInvitation:
    """The invitations of one tenant. A delivery's order is here the account's stream, its customer the account."""

    def __init__(
        self,
        reader: LogReader,
        codec: Codec,
        appender: Appender,
        send: Callable[[EmailMessage], Awaitable[None]],
        mail_from: str,
        tokens: InvitationTokens,
        page: str,
    ) -> None:
        """`page`: the address of the page that takes the token, which is added to it as a fragment; or nothing."""
        self._reader = reader
        self._codec = codec
        self._appender = appender
        self._send = send
        self._mail_from = mail_from
        self._tokens = tokens
        self._page = page

    async def read(self, deliveries: Sequence[Delivery]) -> Recorded:
        """The streams of the deliveries themselves, and of the accounts."""
        streams: defaultdict[UUID, list[RecordedEvent]] = defaultdict(list)
        wanted = [stream for one in deliveries for stream in (one.id, one.order_id)]
        for event in await self._reader.streams(dict.fromkeys(wanted, 0)):
            streams[event.stream_id].append(event)
        return streams

    async def perform(self, delivery: Delivery, recorded: Recorded) -> None:
        """Send the mail and record that it was sent, unless the log has that record, or there is nothing to accept."""
        if recorded.get(delivery.id):
            return
        account = fold(await self._codec.decode_all(recorded.get(delivery.order_id, ())))
        if not isinstance(account, Account):
            raise Undeliverable("the log has no such account")
        if account.status == "active":
            return
        if account.disabled:
            raise Undeliverable("the account is disabled")
        if account.email is None or account.name is None:
            raise Undeliverable("recipient was forgotten")
        await self._send(self._mail(delivery, account.name, account.email))
        await self._record(delivery, recorded[delivery.order_id][0])

    def _mail(self, delivery: Delivery, name: str, email: str) -> EmailMessage:
        token = self._tokens.make(delivery.tenant, delivery.customer_id)
        text = TEXTS.get_template("account_invitation.txt").render(
            name=one_line(name),
            shop=delivery.tenant,
            token=token,
            link=f"{self._page}#token={token}" if self._page else "",
        )
        return mail_to(name, email, "Your invitation", text, delivery, self._mail_from)

    async def _record(self, delivery: Delivery, invited: RecordedEvent) -> None:
        sent = Invitation.sent(
            delivery.id,
            account_id=delivery.customer_id,
            message_id=message_id(delivery, self._mail_from),
            attempts=delivery.attempt,
        )
        made = entry(
            self._codec,
            sent,
            correlation_id=invited.meta().get("correlation_id"),
            causation_id=f"{invited.stream_id}.{invited.version}",
            about=delivery.order_id,
        )
        outcome = await self._appender.append(made)
        if not isinstance(outcome, Appended | Conflict):
            raise AssertionError(f"recording an invitation cannot end as {type(outcome).__name__}")
        # A conflict means that another worker, whose lease had run out, recorded it meanwhile.
