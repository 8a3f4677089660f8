"""Every way in which the ancestor hung, and others that must end in a bounded time: a registry that tests run."""
