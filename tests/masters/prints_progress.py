"""An adapter whose master shows its progress on standard output, where the account alone is due."""

import sys

sys.stdout.write("1 of 3 tasks done\n")
