"""A command that is no adapter: it prints nothing at all."""
