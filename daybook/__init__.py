"""The composition root: settings, wiring, the command line, and `up`, which runs all of it."""
