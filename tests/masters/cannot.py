"""An adapter whose master can do nothing of what is asked."""

import sys

sys.stdout.write('{"cannot": "the codec pickle"}\n')
