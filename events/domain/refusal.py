"""A decision's no: a stable code for programs, a sentence for people, and the facts behind it."""

from typing import Any


class Refusal(Exception):
    """A command is refused by the business. Nothing was changed.

    `code` is part of the public contract. `facts` become members of the answer (JSON values).
    """

    code = "refused"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class NotFound(Refusal):
    """There is no such thing, or none that the one who asks may see."""

    code = "not_found"


class PersonForgotten(Refusal):
    """The person's key was taken away for good: nothing new can be written about them."""

    code = "person_forgotten"
