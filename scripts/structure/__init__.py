"""The parts of `scripts/check-structure`."""
