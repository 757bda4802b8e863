"""`daybook receipt verify`: needs the file and the public key, and no service."""

import json
from collections.abc import Sequence
from pathlib import Path

from daybook.failure import Failure
from events.tlog.note import InvalidKey, VerifierKey
from events.tlog.receipt import InvalidReceipt, Receipt


def verify(path: Path, keys: Sequence[str]) -> int:
    """Print what the receipt proves; answers 1, with the reason, when it proves nothing. Raises Failure."""
    try:
        verifiers = [VerifierKey.parse(key) for key in keys]
    except InvalidKey as error:
        raise Failure(str(error), 2) from None
    try:
        receipt = Receipt.parse(path.read_text(encoding="utf-8"))
        checkpoint = receipt.verify(verifiers)
        entry = json.loads(receipt.entry)
    except (InvalidReceipt, ValueError) as error:
        print(f"FAILED  {error if isinstance(error, InvalidReceipt) else 'this is not a receipt of this kind'}")
        return 1
    at = receipt.index + 1
    print(f"ok      {checkpoint.origin} had this as number {at} of its first {checkpoint.size} events:")
    for name, value in entry.items():
        print(f"        {name}: {json.dumps(value, ensure_ascii=False)}")
    return 0
