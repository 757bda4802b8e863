"""`python -m daybook` is the `daybook` command."""

from daybook.cli import main

main()
