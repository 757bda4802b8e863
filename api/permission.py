"""What a route or a stream asks of its caller. Each declares it; what declares nothing lets nobody in."""

from events.caller import PERMISSIONS

PUBLIC = "public"
"""Nobody needs to say who they are."""

AUTHENTICATED = "authenticated"
"""Anyone with a token. What they may see and do there is decided by what it is about."""

_KNOWN = frozenset({PUBLIC, AUTHENTICATED}).union(*PERMISSIONS.values())


def declared(permission: str) -> str:
    """The permission, which some role has, or which is one of the above. Raises ValueError."""
    if permission not in _KNOWN:
        raise ValueError(f"no role has the permission {permission}")
    return permission
