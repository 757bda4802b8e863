"""Commands that start something: all of it, one process, the schema."""

from enum import StrEnum
from typing import Annotated

import typer

from daybook.cli.app import app, settings


class Process(StrEnum):
    """Processes that serve no HTTP and so cannot be asked themselves."""

    projector = "projector"
    worker = "worker"
    archive = "archive"


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

    processes.serve_api(settings())


@app.command()
def project() -> None:
    """Keep the read models, the live streams and the deliveries posted from the log."""
    from daybook import processes

    processes.run_projector(settings())


@app.command()
def work() -> None:
    """Perform deliveries: send the confirmation mails."""
    from daybook import processes

    processes.run_worker(settings())


@app.command()
def archive() -> None:
    """Keep what may wait posted from the log: seals, order history, search and sales."""
    from daybook import processes

    processes.run_archive(settings())


@app.command()
def mail() -> None:
    """Catch mails at SMTP_URL and keep each as a file under DAYBOOK_DATA/mail."""
    from daybook import processes

    processes.run_mail_catcher(settings())


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

    found = settings()
    processes.migrate(found)
    if demo:
        processes.load_demo(found)


@app.command()
def health(process: Annotated[Process, typer.Argument()]) -> None:
    """Tell by the exit status whether a projector, a worker or an archive keeps up with its work."""
    from daybook import processes

    processes.check_health(settings(), process.value)
