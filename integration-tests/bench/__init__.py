"""Benchmarks of the graph: ours beside the floor of the database, in one run. `python -m bench --help`."""
