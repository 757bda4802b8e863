"""Answers that are kept for repeated requests: one that shows a person's data is sealed with that person's key, so that
it is forgotten with them, wherever it is kept and in whatever backup.

A sealed body is `sealed.1.`, the 16 bytes of the person's id and the AES-256-GCM box of the answer, bound to whose key
it is kept under; with nothing in place of the box, the person was forgotten before it could be kept.
"""

from uuid import UUID

from commands.command import Request
from events.domain.refusal import Refusal
from events.personal import Keyring

_PREFIX = b"sealed.1."
_BOX = len(_PREFIX) + 16


class AnswerErased(Refusal):
    """It was done, and is not done again; what was answered showed a person who has been forgotten since."""

    code = "answer_erased"


def sealed_body(keyring: Keyring, body: bytes, person: UUID | None, request: Request) -> bytes:
    """The body as it is stored, if it shows this person's data. Their key must be loaded (KeyNotLoaded)."""
    if person is None or not body:
        return body
    box = keyring.seal_bytes(body, person, _bound_to(request))
    return _PREFIX + person.bytes + (box or b"")


async def opened_body(keyring: Keyring, stored: bytes, request: Request) -> bytes:
    """The body as it was answered. Raises AnswerErased."""
    if not stored.startswith(_PREFIX):
        return stored
    person, box = UUID(bytes=stored[len(_PREFIX) : _BOX]), stored[_BOX:]
    await keyring.load((person,))
    body = keyring.open_bytes(box, person, _bound_to(request)) if box else None
    if body is None:
        raise AnswerErased("This was done before, and what was answered then has been erased with the person.")
    return body


def _bound_to(request: Request) -> bytes:
    return request.caller.subject.bytes + (request.idempotency_key or "").encode()
