"""An adapter whose master shows its progress on standard output, where the account alone is due."""

print("1 of 3 tasks done")
