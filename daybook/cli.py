"""The `daybook` command. Each command imports what it needs when it runs, so that `--help` is quick."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from daybook.export_form import Form
from daybook.failure import as_failure

if TYPE_CHECKING:
    from daybook.settings import Settings

app = typer.Typer(
    name="daybook",
    help="An order service posted from one append-only log.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
tenant = typer.Typer(help="The shops on this service.", no_args_is_help=True)
account = typer.Typer(help="Who may log in.", no_args_is_help=True)
deliveries = typer.Typer(help="What leaves the service: confirmations and their attempts.", no_args_is_help=True)
keys = typer.Typer(help="The master key, which wraps the keys of personal data.", no_args_is_help=True)
parked = typer.Typer(help="Events that a projection could not apply.", no_args_is_help=True)
seals = typer.Typer(help="The seals on the log, which show that it is as it was.", no_args_is_help=True)
receipt = typer.Typer(help="Receipts that customers keep.", no_args_is_help=True)
projections = typer.Typer(help="The read models: where they stand, and how they are made anew.", no_args_is_help=True)
app.add_typer(tenant, name="tenant")
app.add_typer(account, name="account")
app.add_typer(deliveries, name="deliveries")
app.add_typer(parked, name="parked")
app.add_typer(seals, name="seals")
app.add_typer(receipt, name="receipt")
app.add_typer(projections, name="projections")
app.add_typer(keys, name="keys")


class Process(StrEnum):
    """Processes that serve no HTTP and so cannot be asked themselves."""

    projector = "projector"
    worker = "worker"
    archive = "archive"


Tenant = Annotated[str, typer.Option(help="The shop it belongs to.")]
Projection = Annotated[str, typer.Argument(metavar="NAME", help="Such as orders, catalogue or waiting.")]


@app.command()
def up() -> None:
    """Start all of it: the servers, the migrations, demo data, and every process. Ctrl-C stops all of it."""
    from daybook.settings import Given, load
    from daybook.up import run

    raise typer.Exit(run(load(Given)))


@app.command()
def api() -> None:
    """Serve HTTP and WebSockets."""
    from daybook import processes

    processes.serve_api(_settings())


@app.command()
def project() -> None:
    """Keep the read models, the live streams and the deliveries posted from the log."""
    from daybook import processes

    processes.run_projector(_settings())


@app.command()
def work() -> None:
    """Perform deliveries: send the confirmation mails."""
    from daybook import processes

    processes.run_worker(_settings())


@app.command()
def archive() -> None:
    """Keep what may wait posted from the log: the seals."""
    from daybook import processes

    processes.run_archive(_settings())


@app.command()
def mail() -> None:
    """Catch mails at SMTP_URL and keep each as a file under DAYBOOK_DATA/mail."""
    from daybook import processes

    processes.run_mail_catcher(_settings())


@app.command()
def provider(
    webhooks: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where webhooks go, {tenant} standing for the shop. Default: our API."),
    ] = None,
    control: Annotated[
        str,
        typer.Option(metavar="JSON", envvar="PAYMENT_SIMULATION", help="How it misbehaves: what PUT /control takes."),
    ] = "{}",
) -> None:
    """Simulate a payment provider at PAYMENT_URL, for demonstrations and tests: no money moves."""
    from daybook import processes
    from daybook.settings import PaymentSettings, load

    processes.simulate_payments(load(PaymentSettings), webhooks, control)


@app.command()
def migrate(
    demo: Annotated[bool, typer.Option("--demo", help="Load what is missing of the demo data, too.")] = False,
) -> None:
    """Bring the database's schema up to date, as its owner."""
    from daybook import processes

    settings = _settings()
    processes.migrate(settings)
    if demo:
        processes.load_demo(settings)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE")],
    tenant: Tenant = "default",
) -> None:
    """Read past orders from FILE, one JSON object a line. The same file twice changes nothing."""
    from daybook import processes

    raise typer.Exit(processes.import_file(_settings(), file, tenant))


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
        raise typer.Exit(processes.verify(_settings()))
    if not key:
        raise typer.BadParameter("say with --key whose seals the export must have")
    raise typer.Exit(verify_export.run(export, key))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(file_okay=False, metavar="DIR", help="Where backups are kept.")],
    prune: Annotated[
        bool, typer.Option("--prune", help="Afterwards delete those that are older than BACKUP_KEEP_DAYS.")
    ] = False,
) -> None:
    """Back the whole database up, while the service works. The secrets are not in it: keep them elsewhere."""
    from daybook import processes

    processes.back_up(_settings(), folder, prune)


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
    raise typer.Exit(processes.export(_settings(), Wanted(folder, tenant, form, personal, reason, until)))


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


@app.command()
def health(process: Annotated[Process, typer.Argument()]) -> None:
    """Tell by the exit status whether a projector, a worker or an archive keeps up with its work."""
    from daybook import processes

    processes.check_health(_settings(), process.value)


@tenant.command("add")
def add_tenant(name: str) -> None:
    """Open a new shop, with a log of its own."""
    from daybook import processes

    processes.add_tenant(_settings(), name)


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

    processes.add_account(_settings(), tenant, email, name, role, password_stdin)


@deliveries.command("list")
def list_deliveries(
    dead: Annotated[bool, typer.Option("--dead", help="Only those given up.")] = False,
) -> None:
    """Show deliveries with their attempts and last error."""
    from daybook import processes

    processes.list_deliveries(_settings(), dead)


@deliveries.command("replay")
def replay_deliveries(
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...")] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="Every one that was given up.")] = False,
) -> None:
    """Try deliveries again that were given up."""
    from daybook import processes

    if not keys and not all_dead:
        raise typer.BadParameter("name the deliveries, or say --all-dead")
    processes.replay_deliveries(_settings(), keys or [], all_dead)


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

    raise typer.Exit(processes.rotate_keys(_settings()))


@parked.command("list")
def list_parked() -> None:
    """Show which streams wait, where, since when and why."""
    from daybook import processes

    processes.list_parked(_settings())


@parked.command("retry")
def retry_parked() -> None:
    """Apply what waits, as far as it can be applied now. The exit status says whether some still waits."""
    from daybook import processes

    raise typer.Exit(processes.retry_parked(_settings()))


@seals.command("status")
def seals_status() -> None:
    """Show how far each log is sealed. The exit status says whether all of them can be sealed on."""
    from daybook import processes

    raise typer.Exit(processes.seals_status(_settings()))


@seals.command("key")
def seals_key(
    tenant: Annotated[str | None, typer.Option(help="One shop only. Default: a line for each.")] = None,
) -> None:
    """Show the public keys: whoever has them can verify checkpoints, receipts and exports."""
    from daybook import processes

    processes.seals_key(_settings(), tenant)


@seals.command("new-origin")
def seals_new_origin(
    tenant: Annotated[str, typer.Option(help="The shop.")],
    reason: Annotated[str, typer.Option(help="Why, for all who verify: it is kept, and told by `daybook verify`.")],
) -> None:
    """Begin a new tree over the log as it is now, after a restore or the loss of the key. The old ones stay."""
    from daybook import processes

    processes.begin_seals_anew(_settings(), tenant, reason)


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


@projections.command("status")
def projections_status(as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """Show versions, lag, parked streams, and rebuilds under way."""
    from daybook import processes

    processes.show_projections(_settings(), as_json)


@app.command("rebuild")
@projections.command("rebuild")
def rebuild(name: Projection) -> None:
    """Make a read model anew beside the one that serves, compare it with the log, and have it serve instead."""
    from daybook import processes

    raise typer.Exit(processes.rebuild_projection(_settings(), name, resume=False))


@projections.command("resume")
def resume_rebuild(name: Projection) -> None:
    """Go on with a rebuild that was interrupted, or that could not apply everything."""
    from daybook import processes

    raise typer.Exit(processes.rebuild_projection(_settings(), name, resume=True))


@projections.command("rollback")
def roll_back(name: Projection) -> None:
    """Have the tables serve again that were kept at the last swap."""
    from daybook import processes

    processes.roll_back_projection(_settings(), name)


@projections.command("drop")
def drop_kept(name: Projection) -> None:
    """Drop the tables that were kept, and those of an unfinished rebuild."""
    from daybook import processes

    processes.drop_kept_projection(_settings(), name)


def main() -> None:
    """Run a command; what can be expected to fail does so in one line on stderr, with status 1 or 2."""
    try:
        app()
    except Exception as error:
        failure = as_failure(error)
        if failure is None:
            raise
        print(f"daybook: {failure}", file=sys.stderr)
        sys.exit(failure.status)


def _settings() -> "Settings":
    from daybook.settings import Settings, load

    return load(Settings)
