"""What came of a request: the answer, and the events that were appended for it."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Self

import httpx
from pydantic import BaseModel

from api.schemas import ProblemDocument

INSIDE = re.compile(
    r"Traceback|[A-Za-z]Error\b|Exception|Value error|SELECT|INSERT|UPDATE|order_list|\.py\b"
    r"|(?i:asyncpg|postgres|pydantic|redis|daybook_app)"
)
"""What a client never reads in a problem."""


class Answer:
    """`body` is the JSON of the answer; `news` are the types of the events that were appended meanwhile."""

    def __init__(self, response: httpx.Response, news: Sequence[str] = ()) -> None:
        self.response = response
        self.news = list(news)

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def body(self) -> dict[str, Any]:
        return dict(self.response.json())

    @property
    def etag(self) -> str:
        return str(self.response.headers["ETag"])

    @property
    def token(self) -> str:
        """The position of the write."""
        return str(self.response.headers["Consistency-Token"])

    @property
    def replayed(self) -> bool:
        return bool(self.response.headers.get("Idempotent-Replayed") == "true")

    def then(self, status: int, shape: type[BaseModel], /, **members: Any) -> Self:
        """It has this status, this shape and these members."""
        assert self.status == status, self.response.text
        assert self.response.headers["Content-Type"] == "application/json"
        assert "Correlation-Id" in self.response.headers
        shape.model_validate_json(self.response.content)
        assert {name: self.body[name] for name in members} == members
        return self

    def appended(self, *types: str) -> Self:
        """Exactly these events are new in the log."""
        assert self.news == list(types)
        return self

    def refused(self, status: int, code: str, /, **members: Any) -> Self:
        """It is a problem (RFC 9457) with this code and these members that tells nothing of the inside.

        Nothing was appended.
        """
        assert (self.status, self.response.text and self.body.get("code")) == (status, code), self.response.text
        headers = self.response.headers
        assert headers["Content-Type"] == "application/problem+json"
        assert "Correlation-Id" in headers
        ProblemDocument.model_validate_json(self.response.content)
        problem = self.body
        assert problem["type"].endswith(code)
        assert (problem["title"], problem["status"]) == (HTTPStatus(status).phrase, status)
        assert problem["instance"] == self.response.url.path.rstrip("/")
        assert problem["detail"].endswith(".")
        assert {name: problem.get(name) for name in members} == members
        assert not INSIDE.search(self.response.text), self.response.text
        if status == 401:
            assert headers["WWW-Authenticate"] == "Bearer"
        if status in (429, 503):
            assert 1 <= int(headers["Retry-After"]) <= 60
        if status == 405:
            assert headers["Allow"]
        return self.appended()

    def invalid(self, **expected: str) -> Self:
        """422 validation_failed; with `pointer` and `error` these are among what is wrong."""
        self.refused(422, "validation_failed")
        errors = [(error["pointer"], error["code"]) for error in self.body["errors"]]
        assert errors, "it says what is wrong"
        if expected:
            assert (expected["pointer"], expected["error"]) in errors
        return self
