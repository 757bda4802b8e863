"""As much of curl as the README uses, for machines that have none, or one older than --json (7.82)."""

import argparse
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true")
parser.add_argument("-X", dest="method")
parser.add_argument("-H", dest="headers", action="append", default=[])
parser.add_argument("--json", dest="content")
parser.add_argument("url")


def main() -> int:
    """Make the request, print the answer's body; 22 for an answer of 400 or more, as `curl --fail` has it."""
    given = parser.parse_args()
    headers = dict(header.split(": ", 1) for header in given.headers)
    body = None
    if given.content is not None:
        headers["Content-Type"] = "application/json"
        body = given.content.encode()
    try:
        with urlopen(Request(given.url, body, headers, method=given.method)) as answer:
            sys.stdout.buffer.write(answer.read())
    except HTTPError as error:
        print(f"{given.url} answered {error.code}", file=sys.stderr)
        return 22
    return 0


if __name__ == "__main__":
    sys.exit(main())
