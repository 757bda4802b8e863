"""Limits that an operator may set."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Logins a minute, sockets at once, the origins that browsers may come from besides our own, and commands a minute
    of one principal (None: any number)."""

    logins_per_account: int = 10
    logins_per_address: int = 60
    sockets_per_account: int = 200
    origins: frozenset[str] = frozenset()
    commands_per_minute: int | None = None
