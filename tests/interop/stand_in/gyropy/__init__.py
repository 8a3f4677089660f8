"""What ``gmisclib.spread_jobs`` imports of ``gyropy``, which is in no package registry."""
