"""Connections to the log's database: the restricted role, and timeouts that fire on the server first."""

import asyncpg

APP_ROLE = "daybook_app"
STATEMENT_TIMEOUT = 10.0
"""Seconds. The client gives up later than the server, so that a timeout is an answer and not a lost one."""

_SERVER_SETTINGS = {
    "role": APP_ROLE,
    "statement_timeout": f"{STATEMENT_TIMEOUT:.0f}s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    # Statements here are short and known: compiling them costs more than running them.
    "jit": "off",
}


async def connect(url: str, application: str) -> asyncpg.Connection:
    """One connection as the service's role, named `application` in pg_stat_activity."""
    return await asyncpg.connect(
        url,
        timeout=5.0,
        command_timeout=STATEMENT_TIMEOUT + 5.0,
        server_settings={
            **_SERVER_SETTINGS,
            "application_name": application,
            # The append is one statement with large arrays: planning it anew each time would cost more than a commit.
            "plan_cache_mode": "force_generic_plan",
        },
    )


async def create_pool(
    url: str,
    application: str,
    *,
    max_size: int = 10,
    synchronous_commit: str = "on",
    schema: str | None = None,
    statement_timeout: float = STATEMENT_TIMEOUT,
) -> asyncpg.Pool:
    """A pool of such connections. They hold no session state, so a release needs no reset round trip.

    `schema`: where tables are looked for first. `statement_timeout`: seconds.
    """
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=max_size,
        timeout=5.0,
        command_timeout=statement_timeout + 5.0,
        reset=_keep,
        server_settings={
            **_SERVER_SETTINGS,
            "statement_timeout": f"{statement_timeout:.0f}s",
            "search_path": "public" if schema is None else f"{schema}, public",
            "application_name": application,
            "synchronous_commit": synchronous_commit,
        },
    )


async def _keep(_connection: object) -> None:
    return None
