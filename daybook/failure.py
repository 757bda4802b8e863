"""What can be expected to go wrong on the way in, said in one line instead of a traceback."""

# Errors of other packages that mean "the server is not there or will not have us". By name, because the
# command line must not import a database driver to find out that none was involved.
_UNREACHABLE = {
    "asyncpg.exceptions.CannotConnectNowError",
    "asyncpg.exceptions.ConnectionDoesNotExistError",
    "asyncpg.exceptions.ConnectionFailureError",
    "asyncpg.exceptions.InvalidAuthorizationSpecificationError",
    "asyncpg.exceptions.InvalidCatalogNameError",
    "asyncpg.exceptions.TooManyConnectionsError",
    "redis.exceptions.ConnectionError",
    "redis.exceptions.TimeoutError",
}


class Failure(Exception):
    """An expected failure: `str()` is the one line for a person, `status` the exit status (1 or 2)."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def as_failure(error: BaseException) -> Failure | None:
    """The failure that this error amounts to, or None when it is a defect and deserves its traceback."""
    if isinstance(error, Failure):
        return error
    said = " ".join(str(error).split()) or type(error).__name__
    ancestry = {f"{cls.__module__}.{cls.__qualname__}" for cls in type(error).__mro__}
    if ancestry & _UNREACHABLE or isinstance(error, ConnectionError | TimeoutError):
        return Failure(f"cannot reach a server it needs: {said}")
    if isinstance(error, OSError):
        return Failure(said)
    return None
