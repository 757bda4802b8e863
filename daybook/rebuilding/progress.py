"""How far a rebuild is: a bar on a terminal, lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_LINE_EVERY = 5.0

Told = Callable[[int, int], None]
"""Is told how many events are done, and of how many."""


class Reporter:
    """Tells on stderr what is being done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

    def say(self, line: str) -> None:
        """One line."""
        self._console.print(line)

    @contextmanager
    def stage(self, what: str) -> Iterator[Told]:
        """A part of the work that takes a while."""
        if not self._console.is_terminal:
            yield self._lines(what)
            return
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.completed:,.0f} events"),
            TimeRemainingColumn(),
            console=self._console,
        )
        with bar:
            task = bar.add_task(what, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)

    def _lines(self, what: str) -> Told:
        self.say(what)
        begun = last = time.monotonic()

        def told(done: int, of: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _LINE_EVERY:
                last = now
                left = (now - begun) * (of - done) / done if done else 0.0
                self.say(f"{what}: {done:,} of {of:,} events, about {left:.0f} s left")

        return told
