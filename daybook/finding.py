"""What a check found."""

from dataclasses import dataclass

from daybook.replay import Tally


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it holds, and what was found in words."""

    check: str
    holds: bool
    found: str


def tallied(check: str, tally: Tally, right: str) -> Finding:
    """What counting came to; `right` is what can be said of what was compared."""
    return counted(check, tally.compared, tally.wrong, tally.example, right)


def counted(check: str, compared: int, wrong: int, example: object, right: str) -> Finding:
    """The same, of numbers that a statement came to."""
    if not wrong:
        return Finding(check, True, f"{compared} {right}")
    return Finding(check, False, f"{wrong} wrong of {compared}, for example {example}")
