"""Commands about the history: bringing it in, holding it against its seals, taking it away, telling it again."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from daybook.cli.app import Tenant, app, receipt, seals, settings
from daybook.export_form import Form


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE")],
    tenant: Tenant = "default",
) -> None:
    """Read past orders from FILE, one JSON object a line. The same file twice changes nothing."""
    from daybook import processes

    raise typer.Exit(processes.import_file(settings(), file, tenant))


@app.command()
def verify(
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="DIR", exists=True, file_okay=False, help="Check an export, with no service."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="VKEY", help="Whose seals an export must have: `daybook seals key` shows it."),
    ] = None,
) -> None:
    """Check the log, its seals and what is derived from it; or an export. The exit status says whether all holds."""
    from daybook import processes, verify_export

    if export is None:
        if key:
            raise typer.BadParameter("--key goes with --export")
        raise typer.Exit(processes.verify(settings()))
    if not key:
        raise typer.BadParameter("say with --key whose seals the export must have")
    raise typer.Exit(verify_export.run(export, key))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty, or not there yet.")],
    tenant: Tenant = "default",
    form: Annotated[Form, typer.Option("--format", help="How events are written. CSV is for people.")] = Form.ndjson,
    personal: Annotated[bool, typer.Option("--personal", help="Tell personal data in the clear, beside.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; it is recorded. --personal needs one.")] = None,
    until: Annotated[int | None, typer.Option(min=1, metavar="POSITION", help="The last event. Default: all.")] = None,
) -> None:
    """Write the history to DIR, with a manifest of counts and hashes. That it was read is recorded."""
    from daybook import processes
    from daybook.export import Wanted

    if personal and not (reason or "").strip():
        raise typer.BadParameter("say with --reason why personal data is read")
    raise typer.Exit(processes.export(settings(), Wanted(folder, tenant, form, personal, reason, until)))


@app.command()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="An export.")],
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help="An empty database, as its owner. Default: one that is thrown away."),
    ] = None,
    stream: Annotated[UUID | None, typer.Option(help="Only print this order, product … as it was, as JSON.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="At this version of the stream.")] = None,
    until: Annotated[int | None, typer.Option(min=1, metavar="POSITION", help="Up to this position.")] = None,
) -> None:
    """Check an export, make the read models again from it alone, and compare. The exit status says what came of it."""
    from daybook import processes

    if stream is None:
        if version is not None or until is not None:
            raise typer.BadParameter("--version and --until go with --stream")
        raise typer.Exit(processes.replay(folder, database_url))
    if version is not None and until is not None:
        raise typer.BadParameter("a version or a position, not both")
    raise typer.Exit(processes.show_exported(folder, stream, version, until))


@seals.command("status")
def seals_status() -> None:
    """Show how far each log is sealed. The exit status says whether all of them can be sealed on."""
    from daybook import processes

    raise typer.Exit(processes.seals_status(settings()))


@seals.command("key")
def seals_key(
    tenant: Annotated[str | None, typer.Option(help="One shop only. Default: a line for each.")] = None,
) -> None:
    """Show the public keys: whoever has them can verify checkpoints, receipts and exports."""
    from daybook import processes

    processes.seals_key(settings(), tenant)


@seals.command("new-origin")
def seals_new_origin(
    tenant: Annotated[str, typer.Option(help="The shop.")],
    reason: Annotated[str, typer.Option(help="Why, for all who verify: it is kept, and told by `daybook verify`.")],
) -> None:
    """Begin a new tree over the log as it is now, after a restore or the loss of the key. The old ones stay."""
    from daybook import processes

    processes.begin_seals_anew(settings(), tenant, reason)


@receipt.command("verify")
def verify_receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE")],
    key: Annotated[
        list[str], typer.Option(metavar="VKEY", help="As `daybook seals key` shows it; may be given again.")
    ],
) -> None:
    """Show what a receipt proves. Needs no service. The exit status says whether it holds."""
    from daybook import receipts

    raise typer.Exit(receipts.verify(file, key))
