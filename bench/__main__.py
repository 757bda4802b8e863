"""`python -m bench [SECTION ...]`: all sections, or those that are named."""

import argparse
from importlib import import_module

SECTIONS = {
    "append": "the append, against pgbench, a transaction a command, and the eventsourcing library",
    "long_log": "the append to a log of five million events, against an empty one",
    "one_stream": "32 writers on one order, against a pool that reads its version and inserts",
    "http": "POST /orders, against the same application without a log",
    "one_product": "orders that all want one product, against orders of many, through one API process and two",
    "latency": "from a placed order to its frame on the customer's socket",
    "catch_up": "a projection, from the start of a log to its end",
    "seal": "the seals on a log, from its start to its end",
    "reading": "a log read and decoded, by us and by the eventsourcing library",
    "rebuild": "the orders read model, made anew beside the one that serves",
    "lists": "pages of orders by every filter at any depth, with 250,000 orders",
    "export": "the whole log over HTTP, sealed and opened, and the memory it takes",
    "up": "a fresh `daybook up`, until it is ready",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    sections = "; ".join(f"{name}: {what}" for name, what in SECTIONS.items())
    parser.add_argument("sections", nargs="*", metavar="SECTION", choices=[*SECTIONS, []], help=sections)
    for name in parser.parse_args().sections or SECTIONS:
        import_module(f"bench.{name}").run()
        print()


if __name__ == "__main__":
    main()
