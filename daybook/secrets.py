"""The secrets of an installation, made once and kept in its data folder.

`secret` signs tokens and hides positions; `master_key` wraps the keys of personal data. Whoever loses the
master key loses every name and address in the log, so it is never made anew beside existing data. `seal_key` signs
checkpoints: after its loss a new tree is begun. The others are between us and the payment simulator.
"""

import base64
import json
import os
import secrets
from pathlib import Path

from daybook.failure import Failure

SECRETS_FILE = "secrets.json"


def ensure_secrets(data: Path) -> None:
    """Make DATA/secrets.json (0600) unless it is there.

    Raises Failure when it is missing beside a database: new keys could not read the old data.
    """
    path = data / SECRETS_FILE
    found = read_private(path)
    if {"secret", "master_key"} <= found.keys():
        return
    if (data / "postgres").exists():
        raise Failure(
            f"{path} is gone but the database beside it is not, and its personal data needs that key: "
            "put the file back, or set DAYBOOK_SECRET and DAYBOOK_MASTER_KEY"
        )
    made = {"secret": secrets.token_urlsafe(48), "master_key": _base64(32)}
    write_private(path, made | found)


def ensure_payment_secrets(data: Path) -> None:
    """Add to DATA/secrets.json what the payment simulator and the service know each other by, unless it is there."""
    path = data / SECRETS_FILE
    found = read_private(path)
    made = {"payment_key": secrets.token_urlsafe(32), "payment_webhook_secrets": f"whsec_{_base64(32)}"}
    if not made.keys() <= found.keys():
        write_private(path, made | found)


def ensure_seal_key(data: Path) -> None:
    """Add to DATA/secrets.json the key that signs checkpoints, unless it is there."""
    path = data / SECRETS_FILE
    found = read_private(path)
    if "seal_key" not in found:
        write_private(path, found | {"seal_key": _base64(32)})


def another_master_key(data: Path) -> None:
    """Put a new master key into DATA/secrets.json, the one so far beside it. Raises Failure, also when there is one
    beside it already, for then something may still be wrapped by that."""
    path = data / SECRETS_FILE
    found = read_private(path)
    if "master_key" not in found:
        raise Failure(f"there is no master key in {path} yet")
    if "master_key_previous" in found:
        raise Failure("there is a previous master key already: restart, and run `daybook keys rotate` first")
    write_private(path, found | {"master_key": _base64(32), "master_key_previous": found["master_key"]})


def _base64(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()


def write_private(path: Path, content: dict[str, str]) -> None:
    """Write a JSON object that only its owner may read; after a crash the file is whole or not there."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_private(path: Path) -> dict[str, str]:
    """The JSON object in a file of ours; an absent file is empty.

    Raises Failure when it is there and cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Failure(f"{path} is damaged: it should hold a JSON object") from error
    if not isinstance(content, dict):
        raise Failure(f"{path} is damaged: it should hold a JSON object")
    return {str(key): str(value) for key, value in content.items()}
