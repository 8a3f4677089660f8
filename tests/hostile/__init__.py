"""Hostile messages, built in code, and a process to decode them in. ``registry`` lists all."""
