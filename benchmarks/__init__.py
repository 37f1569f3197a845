"""Speed against the goals: `make bench`, or `python -m benchmarks [part ...]`."""
