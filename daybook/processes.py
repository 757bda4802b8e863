"""What each `daybook` command runs. The parts are imported when they are needed: a worker loads no web framework."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from daybook.settings import Given, PaymentSettings, Place, Settings

if TYPE_CHECKING:
    from daybook.export import Wanted


def serve_api(settings: Settings) -> None:
    """Serve HTTP and WebSockets until SIGTERM."""
    from daybook.api_process import run

    run(settings)


def run_projector(settings: Settings) -> None:
    """Project until SIGTERM."""
    from daybook.projector_process import run

    run(settings)


def run_worker(settings: Settings) -> None:
    """Perform deliveries until SIGTERM."""
    from daybook.worker import run

    run(settings)


def run_archive(settings: Settings) -> None:
    """Seal until SIGTERM."""
    from daybook.archive_process import run

    run(settings)


def run_mail_catcher(settings: Settings) -> None:
    """Catch mails until SIGTERM."""
    from daybook.mail_catcher import run

    run(settings)


def simulate_payments(settings: PaymentSettings, webhook_url: str | None, control: str) -> None:
    """Simulate a payment provider until SIGTERM."""
    from daybook.payment_simulator import run

    run(settings, webhook_url, control)


def migrate(settings: Settings) -> None:
    """Bring the schema up to date, and make the tenant that exists out of the box."""
    from daybook.schema import prepare

    asyncio.run(prepare(settings))


def load_demo(settings: Settings) -> None:
    """Load the demo data that is not there yet."""
    from daybook import demo

    asyncio.run(demo.load_demo(settings))


def import_file(settings: Settings, path: Path, tenant: str) -> int:
    """Import past orders; answers the exit status."""
    from daybook import importer

    return importer.run(settings, path, tenant)


def verify(settings: Settings) -> int:
    """Check the log and what is derived from it; answers the exit status."""
    from daybook import verify as verification

    return verification.run(settings)


def back_up(settings: Settings, folder: Path, prune: bool) -> None:
    """Make a backup. Raises Failure."""
    from daybook import backup

    print(f"made {backup.run(settings, folder, prune=prune)}")


def restore(given: Given, backup: Path) -> None:
    """Bring a backup back. Raises Failure."""
    from daybook import restore

    restore.run(given, backup)


def export(settings: Settings, wanted: "Wanted") -> int:
    """Write a tenant's log to files; answers the exit status. Raises Failure."""
    from daybook import export as exporting

    return exporting.run(settings, wanted)


def replay(folder: Path, database_url: str | None) -> int:
    """Make the read models again from an export and compare; answers the exit status. Raises Failure."""
    from daybook import replay_export

    return replay_export.run(folder, database_url)


def show_exported(folder: Path, stream_id: UUID, version: int | None, until: int | None) -> int:
    """Print one aggregate from an export; answers the exit status. Raises Failure."""
    from daybook import exported_state

    return exported_state.run(folder, stream_id, version, until)


def check_health(settings: Settings, process: str) -> None:
    """Raises Failure when that process does not keep up."""
    from daybook import health

    health.check(settings, process)


def add_tenant(settings: Settings, name: str) -> None:
    """Open a new shop. Raises Failure when the name does not fit, or is taken."""
    from daybook.schema import open_shop

    asyncio.run(open_shop(settings, name))


def add_account(settings: Settings, tenant: str, email: str, name: str, roles: list[str], with_password: bool) -> None:
    """Make an account. Raises Failure."""
    from daybook import accounts

    asyncio.run(accounts.add(settings, tenant, email, name, roles, with_password=with_password))


def new_master_key(place: Place) -> None:
    """Make another master key. Raises Failure."""
    from daybook import keys

    keys.new(place)


def rotate_keys(settings: Settings) -> int:
    """Wrap all keys by the new master key; answers the exit status."""
    from daybook import keys

    return keys.rotate(settings)


def list_deliveries(settings: Settings, dead: bool) -> None:
    """Print deliveries."""
    from daybook import deliveries

    deliveries.list_all(settings, dead=dead)


def replay_deliveries(settings: Settings, keys: list[str], all_dead: bool) -> None:
    """Try deliveries again that were given up."""
    from daybook import deliveries

    deliveries.replay(settings, keys, all_dead=all_dead)


def list_parked(settings: Settings) -> None:
    """Print what projections have set aside."""
    from daybook import parked

    parked.list_all(settings)


def retry_parked(settings: Settings) -> int:
    """Apply what projections have set aside; answers the exit status."""
    from daybook import parked

    return parked.retry(settings)


def seals_status(settings: Settings) -> int:
    """Print how far the logs are sealed; answers the exit status."""
    from daybook import seals

    return seals.print_status(settings)


def seals_key(settings: Settings, tenant: str | None) -> None:
    """Print verifier keys. Raises Failure."""
    from daybook import seals

    seals.print_keys(settings, tenant)


def begin_seals_anew(settings: Settings, tenant: str, reason: str) -> None:
    """Begin a new tree. Raises Failure."""
    from daybook import seals

    seals.begin(settings, tenant, reason)


def show_projections(settings: Settings, as_json: bool) -> None:
    """Print where every projection stands."""
    from daybook import projections

    projections.status(settings, as_json)


def rebuild_projection(settings: Settings, name: str, resume: bool) -> int:
    """Make a read model anew; answers the exit status."""
    from daybook import projections

    return projections.rebuild(settings, name, resume=resume)


def roll_back_projection(settings: Settings, name: str) -> None:
    """Have the tables serve again that were kept."""
    from daybook import projections

    projections.rollback(settings, name)


def drop_kept_projection(settings: Settings, name: str) -> None:
    """Drop the tables that were kept."""
    from daybook import projections

    projections.drop(settings, name)
