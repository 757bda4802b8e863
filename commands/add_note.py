"""Write something down about an order: its customer, or staff. Whoever may see the order may read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from commands.change_order_status import decided, owned_order
from commands.command import Command, Decision, Known, Request, check_version
from commands.text import Text


class NoteCreate(BaseModel):
    """What is to be remembered."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Text(1, 2_000)]


@dataclass(frozen=True, slots=True)
class AddNote(Command):
    order_id: UUID
    note: NoteCreate

    def streams(self, request: Request) -> Iterable[UUID]:
        return (self.order_id,)

    def decide(self, known: Known, request: Request) -> Decision:
        order = owned_order(known, self.order_id, request, "write on it")
        check_version(request, order)
        note_id = order.add_note(self.note.text)
        return decided(order, request, made={"note_id": note_id})

    def fingerprint(self) -> bytes:
        return f"add_note {self.order_id} ".encode() + to_json(self.note)
