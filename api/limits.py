"""Limits that an operator may set."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Logins a minute, sockets at once, and the origins that browsers may come from besides our own."""

    logins_per_account: int = 10
    logins_per_address: int = 60
    sockets_per_account: int = 200
    origins: frozenset[str] = frozenset()
