"""Commands of who runs the service: shops and accounts, deliveries, read models, keys, backups."""

from pathlib import Path
from typing import Annotated

import typer

from daybook.cli.app import Tenant, account, app, deliveries, keys, parked, projections, settings, tenant

Projection = Annotated[str, typer.Argument(metavar="NAME", help="Such as orders, catalogue or waiting.")]


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(file_okay=False, metavar="DIR", help="Where backups are kept.")],
    prune: Annotated[
        bool, typer.Option("--prune", help="Afterwards delete those that are older than BACKUP_KEEP_DAYS.")
    ] = False,
) -> None:
    """Back the whole database up, while the service works. The secrets are not in it: keep them elsewhere."""
    from daybook import processes

    processes.back_up(settings(), folder, prune)


@app.command()
def restore(
    backup: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, metavar="DIR", help="A backup, or a folder of them: the latest."),
    ],
) -> None:
    """Bring a backup back into an empty DAYBOOK_DATA, beside its secrets; then `daybook up` resumes."""
    from daybook import processes
    from daybook.settings import Given, load

    processes.restore(load(Given), backup)


@tenant.command("add")
def add_tenant(name: str) -> None:
    """Open a new shop, with a log of its own."""
    from daybook import processes

    processes.add_tenant(settings(), name)


@account.command("add")
def add_account(
    email: str,
    role: Annotated[list[str], typer.Option(help="customer, staff, auditor or admin; may be given again.")],
    name: Annotated[str, typer.Option(help="How mails address them.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, instead of inviting.")
    ] = False,
    tenant: Tenant = "default",
) -> None:
    """Make an account, such as the first admin's. It gets an invitation by mail, or a password."""
    from daybook import processes

    processes.add_account(settings(), tenant, email, name, role, password_stdin)


@deliveries.command("list")
def list_deliveries(
    dead: Annotated[bool, typer.Option("--dead", help="Only those given up.")] = False,
) -> None:
    """Show deliveries with their attempts and last error."""
    from daybook import processes

    processes.list_deliveries(settings(), dead)


@deliveries.command("replay")
def replay_deliveries(
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...")] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="Every one that was given up.")] = False,
) -> None:
    """Try deliveries again that were given up."""
    from daybook import processes

    if not keys and not all_dead:
        raise typer.BadParameter("name the deliveries, or say --all-dead")
    processes.replay_deliveries(settings(), keys or [], all_dead)


@keys.command("new")
def new_key() -> None:
    """Make another master key in the data folder; the one so far stays good until all is wrapped anew."""
    from daybook import processes
    from daybook.settings import Place, load

    processes.new_master_key(load(Place))


@keys.command("rotate")
def rotate_keys() -> None:
    """Wrap all keys by the new master key, while the service runs. Cut off, it is run again."""
    from daybook import processes

    raise typer.Exit(processes.rotate_keys(settings()))


@parked.command("list")
def list_parked() -> None:
    """Show which streams wait, where, since when and why."""
    from daybook import processes

    processes.list_parked(settings())


@parked.command("retry")
def retry_parked() -> None:
    """Apply what waits, as far as it can be applied now. The exit status says whether some still waits."""
    from daybook import processes

    raise typer.Exit(processes.retry_parked(settings()))


@projections.command("status")
def projections_status(as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """Show versions, lag, parked streams, and rebuilds under way."""
    from daybook import processes

    processes.show_projections(settings(), as_json)


@app.command("rebuild")
@projections.command("rebuild")
def rebuild(name: Projection) -> None:
    """Make a read model anew beside the one that serves, compare it with the log, and have it serve instead."""
    from daybook import processes

    raise typer.Exit(processes.rebuild_projection(settings(), name, resume=False))


@projections.command("resume")
def resume_rebuild(name: Projection) -> None:
    """Go on with a rebuild that was interrupted, or that could not apply everything."""
    from daybook import processes

    raise typer.Exit(processes.rebuild_projection(settings(), name, resume=True))


@projections.command("rollback")
def roll_back(name: Projection) -> None:
    """Have the tables serve again that were kept at the last swap."""
    from daybook import processes

    processes.roll_back_projection(settings(), name)


@projections.command("drop")
def drop_kept(name: Projection) -> None:
    """Drop the tables that were kept, and those of an unfinished rebuild."""
    from daybook import processes

    processes.drop_kept_projection(settings(), name)
