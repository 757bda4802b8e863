"""Where secrets come from, and which of them the service refuses to start with."""

import base64
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from daybook.secrets import SECRETS_FILE, ensure_seal_key, ensure_secrets, read_private
from daybook.weak_secrets import weakness

GOOD = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/daybook",
    "REDIS_URL": "redis://127.0.0.1:1",
    "DAYBOOK_SECRET": secrets.token_urlsafe(48),
    "DAYBOOK_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
}


def begun(tmp_path: Path, **changes: str) -> tuple[int, str]:
    """Exit status and words of an API process that never finds a database."""
    environment = {name: value for name, value in (GOOD | changes).items() if value}
    done = subprocess.run(
        [sys.executable, "-m", "daybook", "api"],
        env=environment | {"DAYBOOK_DATA": str(tmp_path), "PORT": "1", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


class TestTheServiceRefuses:
    @pytest.mark.parametrize(
        "changes",
        [
            {"DAYBOOK_SECRET": "short"},
            {"DAYBOOK_SECRET": "a" * 40},
            {"DAYBOOK_SECRET": "change-me-change-me-change-me-change-me"},
            {"DAYBOOK_MASTER_KEY": base64.b64encode(bytes(32)).decode()},
            {"DAYBOOK_MASTER_KEY": base64.b64encode(bytes(range(32))).decode()},
            {"DAYBOOK_MASTER_KEY": "c2hvcnQ="},
            {"DAYBOOK_SECRET_FILE": "/nowhere/secret"},
        ],
    )
    def test_to_start_and_says_which_in_one_line(self, tmp_path: Path, changes: dict[str, str]) -> None:
        status, said = begun(tmp_path, **changes)
        assert status == 2
        assert said.startswith("daybook: ")
        assert said.count("\n") == 1
        assert "DAYBOOK_" in said
        assert all(value not in said for value in changes.values() if not value.startswith("/"))


def test_a_weak_key_seals_nothing(tmp_path: Path) -> None:
    status, said = begun(tmp_path, SEAL_KEY=base64.b64encode(b"a" * 32).decode())
    assert (status, "SEAL_KEY repeats itself" in said) == (2, True), said


def test_the_key_that_seals_is_made_once(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    before = read_private(tmp_path / SECRETS_FILE)
    ensure_seal_key(tmp_path)
    made = read_private(tmp_path / SECRETS_FILE)
    assert len(base64.b64decode(made["seal_key"])) == 32
    assert made.items() > before.items()
    ensure_seal_key(tmp_path)
    assert read_private(tmp_path / SECRETS_FILE) == made


class TestAFile:
    def test_holds_a_secret_as_well(self, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text("a" * 40 + "\n")
        status, said = begun(tmp_path, DAYBOOK_SECRET="", DAYBOOK_SECRET_FILE=str(file))
        assert (status, "DAYBOOK_SECRET repeats itself" in said) == (2, True), said
        file.write_text(GOOD["DAYBOOK_SECRET"] + "\n")
        url = tmp_path / "url"
        url.write_text(GOOD["DATABASE_URL"])
        status, said = begun(
            tmp_path,
            DAYBOOK_SECRET="",
            DAYBOOK_SECRET_FILE=str(file),
            DATABASE_URL="",
            DATABASE_URL_FILE=str(url),
        )
        assert "DAYBOOK_SECRET" not in said
        assert "DATABASE_URL" not in said


def test_what_chance_made_is_good() -> None:
    for _ in range(300):
        assert weakness(secrets.token_urlsafe(48)) is None
        assert weakness(secrets.token_hex(16)) is None
        assert weakness(secrets.token_bytes(32)) is None
