"""What every test may rely on."""

from __future__ import annotations

import signal

# Who starts the tests in the background of a shell has them started with Ctrl-C ignored, and their processes likewise;
# a handler, even Python's own, is put back to the default in what is executed from here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same with nohup; a handler that does nothing keeps the tests going when the terminal is closed.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)
