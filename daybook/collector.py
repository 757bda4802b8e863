"""The cycle collector, for processes that hold much and leave hardly any cycles behind."""

import gc


def spare_the_collector() -> None:
    """Have it look less often. Going through all that a process keeps in memory, aggregates or the last events of the
    log, took a tenth of the processor's time, and found nothing. What is there already is never gone through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
