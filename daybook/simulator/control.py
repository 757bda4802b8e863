"""How the simulator misbehaves."""

import random
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0, le=600.0)]

REORDER_SECONDS = 0.3
"""What `reorder` puts a webhook off by, at most, besides the delay of all."""


class Control(BaseModel):
    """What is not named is as it should be. Chance follows from `seed`, in the order in which requests come.

    delay_seconds         from taking a request until its webhook
    answer_delay_seconds  from doing what was asked for until saying so
    fail_rate             of captures, refunds and voids that are answered 503, half of these after they were done
    duplicate_rate        of webhooks that come twice
    reorder               webhooks in any order, the newest first; else those of one payment in theirs, one by one
    decline               requests that are taken and then come to nothing
    webhooks_paused       none are sent until it is false again
    webhook_url           where to instead of where it was started with; `{tenant}` stands for the payment's
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay_seconds: Seconds = 0.0
    answer_delay_seconds: Seconds = 0.0
    fail_rate: Rate = 0.0
    duplicate_rate: Rate = 0.0
    reorder: bool = False
    decline: frozenset[Literal["captures", "refunds"]] = frozenset()
    webhooks_paused: bool = False
    webhook_url: str | None = Field(default=None, pattern="^https?://")
    seed: int = 0


class Chance:
    """Decides what goes wrong, the same way again from the same seed."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._random = random.Random(control.seed)  # noqa: S311

    def failure(self) -> Literal["before", "after"] | None:
        """Whether a request fails, and whether before or after it is done."""
        if self._random.random() >= self.control.fail_rate:
            return None
        return "before" if self._random.random() < 0.5 else "after"

    def copies(self) -> int:
        """How often a webhook is sent."""
        return 2 if self._random.random() < self.control.duplicate_rate else 1

    def delay(self) -> float:
        """Seconds until a webhook is sent."""
        late = self._random.uniform(0.0, REORDER_SECONDS) if self.control.reorder else 0.0
        return self.control.delay_seconds + late
