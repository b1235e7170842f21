"""What the benchmarks share: the subjects that are measured, and what measures them."""
