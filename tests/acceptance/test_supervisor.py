"""The supervisor, with processes that behave worse than ours."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

GONE_SECONDS = 10.0

Supervise = Callable[..., "subprocess.Popen[str]"]

SCRIPT = """
import json, os, sys
from daybook.supervisor import Supervisor

supervisor = Supervisor()
for name, command in json.loads(sys.argv[1]).items():
    supervisor.add_command(name, command, os.environ)
supervisor.loop()
sys.exit(0 if supervisor.asked_to_stop else 1)
"""


@pytest.fixture
def supervise() -> Iterator[Supervise]:
    started: list[subprocess.Popen[str]] = []

    def start(**commands: list[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, json.dumps(commands)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"it ended without saying {text!r}: {read}")


def test_a_process_that_ignores_the_signal_is_killed(supervise: Supervise) -> None:
    deaf = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]
    process = supervise(deaf=deaf)
    read_until(process, "| deaf")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(GONE_SECONDS) == 0
    assert time.monotonic() - began < GONE_SECONDS


def test_a_process_that_ends_ends_them_all(supervise: Supervise) -> None:
    process = supervise(short=["sh", "-c", "echo going; exit 0"], long=["sleep", "60"])
    output, _ = process.communicate(timeout=GONE_SECONDS)
    assert process.returncode == 1
    assert "short stopped (rc=0)" in output
    assert "long stopped (rc=-15)" in output


def test_a_signal_at_the_very_start_is_not_lost(supervise: Supervise) -> None:
    process = supervise(one=["sleep", "60"], two=["sleep", "60"])
    read_until(process, "started")
    process.send_signal(signal.SIGINT)
    assert process.wait(GONE_SECONDS) == 0


def test_a_killed_keeper_does_not_hold_it_up(supervise: Supervise) -> None:
    process = supervise(one=["sleep", "60"], two=["sleep", "60"])
    read_until(process, "two started")
    keepers = psutil.Process(process.pid).children()
    kept = [child for keeper in keepers for child in keeper.children()]
    keepers[0].kill()
    output, _ = process.communicate(timeout=GONE_SECONDS)
    assert process.returncode == 1, output
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in kept)


def test_it_goes_on_when_nobody_reads_its_output_any_more(supervise: Supervise) -> None:
    process = supervise(chatty=["sh", "-c", "while :; do echo line; sleep 0.05; done"])
    read_until(process, "| line")
    assert process.stdout is not None
    process.stdout.close()
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(GONE_SECONDS) == 0
