"""Every projection there is, and those whose rows the log alone can make again."""

from collections.abc import Sequence

from daybook.failure import Failure
from events.codec import Codec
from projections.accounts import AccountsProjection
from projections.catalogue import CatalogueProjection
from projections.confirmations import ConfirmationsProjection
from projections.erasure import ErasureProjection
from projections.fanout import FanoutProjection
from projections.order_history import OrderHistoryProjection
from projections.orders import OrdersProjection
from projections.projection import Projection
from projections.sales import SalesProjection
from projections.sealing import SealingProjection
from projections.search import SearchProjection
from projections.waiting import WaitingProjection

_PROMPT = (OrdersProjection, CatalogueProjection, WaitingProjection)
_DEFERRED = (OrderHistoryProjection, SearchProjection, SalesProjection)

VERSIONS = {
    kind.name: kind.version
    for kind in (
        *(*_PROMPT, *_DEFERRED),
        *(AccountsProjection, ErasureProjection, FanoutProjection, ConfirmationsProjection, SealingProjection),
    )
}
"""Projection → the version that this code is."""

DEFERRED = (SealingProjection.name, *(kind.name for kind in _DEFERRED))
"""The projections that are posted when there is time, by the archive process; the others are the projector's."""

READ_MODEL_TABLES = tuple(table for kind in (*_PROMPT, *_DEFERRED) for table in kind.tables)
"""What a swap may put others in place of."""

_NOT_REBUILT = {
    "accounts": "passwords are not in the log",
    "confirmations": "what it wrote has left the service",
    "erasure": "what it took away is gone",
    "fanout": "it has no rows",
    "sealing": "what was sealed stays",
}


def make_prompt_read_models(tenant: str, codec: Codec) -> Sequence[Projection]:
    """Those of a tenant's read models that writes are shown in at once."""
    return [OrdersProjection(tenant, codec), CatalogueProjection(tenant), WaitingProjection(tenant)]


def make_deferred_read_models(tenant: str, codec: Codec) -> Sequence[Projection]:
    """Those that may be late when the machine is busy."""
    return [OrderHistoryProjection(tenant), SearchProjection(tenant, codec), SalesProjection(tenant, codec)]


def make_read_models(tenant: str, codec: Codec) -> Sequence[Projection]:
    """A tenant's projections that can be rebuilt: they write to Postgres, and nothing leaves the service from them."""
    return [*make_prompt_read_models(tenant, codec), *make_deferred_read_models(tenant, codec)]


def make_read_model(name: str, tenant: str, codec: Codec) -> Projection:
    """One of them by its name. Raises Failure."""
    for projection in make_read_models(tenant, codec):
        if projection.name == name:
            return projection
    if name in _NOT_REBUILT:
        raise Failure(f"{name} cannot be rebuilt: {_NOT_REBUILT[name]}", 2)
    raise Failure(f"there is no projection {name!r}; there are {', '.join(VERSIONS)}", 2)
