"""Every projection there is, and those whose rows the log alone can make again."""

from collections.abc import Sequence

from daybook.failure import Failure
from events.codec import Codec
from projections.accounts import AccountsProjection
from projections.catalogue import CatalogueProjection
from projections.confirmations import ConfirmationsProjection
from projections.fanout import FanoutProjection
from projections.orders import OrdersProjection
from projections.projection import Projection
from projections.waiting import WaitingProjection

VERSIONS = {
    kind.name: kind.version
    for kind in (
        *(OrdersProjection, CatalogueProjection, WaitingProjection, AccountsProjection),
        *(FanoutProjection, ConfirmationsProjection),
    )
}
"""Projection → the version that this code is."""

READ_MODEL_TABLES = (*OrdersProjection.tables, *CatalogueProjection.tables, *WaitingProjection.tables)
"""What a swap may put others in place of."""

_NOT_REBUILT = {
    "accounts": "passwords are not in the log",
    "confirmations": "what it wrote has left the service",
    "fanout": "it has no rows",
}


def make_read_models(tenant: str, codec: Codec) -> Sequence[Projection]:
    """A tenant's projections that can be rebuilt: they write to Postgres, and nothing leaves the service from them."""
    return [OrdersProjection(tenant, codec), CatalogueProjection(tenant), WaitingProjection(tenant)]


def make_read_model(name: str, tenant: str, codec: Codec) -> Projection:
    """One of them by its name. Raises Failure."""
    for projection in make_read_models(tenant, codec):
        if projection.name == name:
            return projection
    if name in _NOT_REBUILT:
        raise Failure(f"{name} cannot be rebuilt: {_NOT_REBUILT[name]}", 2)
    raise Failure(f"there is no projection {name!r}; there are {', '.join(VERSIONS)}", 2)
