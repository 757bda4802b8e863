"""Benches, as ratios from one run: a figure alone says more of the machine than of the service.

A section is a module with `run()`, which measures in interleaved rounds and prints its table: what it ran against, with
the peers' configurations, then one line a contestant with the median first.
"""
