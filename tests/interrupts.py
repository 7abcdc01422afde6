"""Ctrl-C for the children of tests."""

import signal


def heed_ctrl_c() -> None:
    """What a shell started in the background ignores, its children would ignore as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
