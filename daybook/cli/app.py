"""The `daybook` command and its groups, to which the other files here add. Each command imports what it needs when it
runs, so that `--help` is quick."""

from typing import TYPE_CHECKING, Annotated

import typer

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

Tenant = Annotated[str, typer.Option(help="The shop it belongs to.")]


def settings() -> "Settings":
    """The settings of a command that works with the service's servers. Raises Failure."""
    from daybook.settings import Settings, load

    return load(Settings)
