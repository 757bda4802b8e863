"""What is measured in an API process (Prometheus)."""

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

APPEND_BATCH = Histogram(
    "daybook_append_batch_commands",
    "Commands in one commit of the log",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
    registry=REGISTRY,
)
APPEND_SECONDS = Histogram(
    "daybook_append_seconds",
    "Time of one commit of the log",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)
COMMANDS = Counter("daybook_commands", "Commands by outcome", ("command", "outcome"), registry=REGISTRY)
SOCKETS = Gauge("daybook_live_sockets", "WebSockets that are open", registry=REGISTRY)
FRAMES = Counter("daybook_live_frames", "Events sent to WebSockets", registry=REGISTRY)
PROJECTION_LAG = Gauge(
    "daybook_projection_lag_events",
    "Events in the log that a projection has not applied",
    ("tenant", "projection"),
    registry=REGISTRY,
)
PARKED = Gauge("daybook_parked_events", "Events set aside", ("tenant", "projection"), registry=REGISTRY)
DELIVERIES = Gauge("daybook_deliveries", "Deliveries not done", ("tenant", "status"), registry=REGISTRY)


@lru_cache(maxsize=1_024)
def commands_that(command: str, outcome: str) -> Counter:
    """The counter of one command's one outcome: finding it among the labels costs more than counting."""
    return COMMANDS.labels(command, outcome)


def observe_append(commands: int, seconds: float, head: int) -> None:
    """Told by the appender after every commit."""
    APPEND_BATCH.observe(commands)
    APPEND_SECONDS.observe(seconds)
