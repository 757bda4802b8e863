"""Who asks, and what their roles allow."""

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

PERMISSIONS: dict[str, frozenset[str]] = {
    "customer": frozenset({"orders:place", "addresses:own"}),
    "staff": frozenset(
        {
            *("addresses:own", "orders:place", "orders:place_for_any", "orders:read_any", "orders:manage"),
            *("payments:manage", "catalogue:manage"),
        }
    ),
    "auditor": frozenset({"orders:read_any", "events:read", "personal:read"}),
}
PERMISSIONS["admin"] = PERMISSIONS["staff"] | PERMISSIONS["auditor"] | {"accounts:manage", "customers:erase"}
"""Role → permissions. Everyone may read the catalogue and what is their own."""


@lru_cache(maxsize=256)
def _permissions(roles: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated subject in one tenant."""

    subject: UUID
    tenant: str
    roles: tuple[str, ...]

    @property
    def permissions(self) -> frozenset[str]:
        """All that the roles allow together; a role that is not known allows nothing."""
        return _permissions(self.roles)

    def may(self, permission: str) -> bool:
        """Whether a role allows this."""
        return permission in self.permissions

    def may_see_orders_of(self, user_id: str) -> bool:
        """One's own, or anyone's where the role allows."""
        return user_id == str(self.subject) or self.may("orders:read_any")

    @property
    def role(self) -> str:
        """The role that stands in the log beside the subject."""
        return self.roles[0] if self.roles else "none"
