"""Benchmarks that anyone can run: `python -m benchmarks NAME`, one module each."""
