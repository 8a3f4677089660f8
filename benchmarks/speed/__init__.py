"""Measures this project against others that run tasks in processes: ``python benchmarks/run_all.py``."""
