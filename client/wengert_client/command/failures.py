"""What goes wrong, told in a sentence on standard error, and the exit status for it."""

from __future__ import annotations

import sys
import traceback

__all__ = ["FAULT", "INTERRUPTED", "NOBODY_READS", "NO_ANSWER", "REFUSED", "USAGE", "UsageError", "status_of", "tell"]

REFUSED = 1
USAGE = 2
NO_ANSWER = 3
FAULT = 4
#: As shells have it for what a signal ended: 128 and the signal's number.
INTERRUPTED = 130
NOBODY_READS = 141


class UsageError(Exception):
    """The command is called wrongly: an argument, or a file it names, is not what it should be."""


def tell(error: Exception, *, trace: bool) -> int:
    """Tell what went wrong, and give the exit status."""
    if trace:
        traceback.print_exception(error)
    status = status_of(error)
    told = str(error) or type(error).__name__
    if status == NO_ANSWER:
        told = f"no answer: {told}"
    if status == FAULT and not hasattr(error, "reason"):
        told = f"a fault of this program: {type(error).__name__}: {told} (--trace shows where)"
    print(f"wengert: {told}", file=sys.stderr)  # noqa: T201  what standard error is for
    return status


def status_of(error: Exception) -> int:
    """Give the exit status for an error."""
    if isinstance(error, UsageError):
        return USAGE
    # Loaded already where one of them was raised; else nothing needs them.
    from wengert_client import (  # noqa: PLC0415
        ClientClosed,
        ConfigurationError,
        DeadlineExceeded,
        MissingDependency,
        ServerFault,
        Unauthenticated,
        Unavailable,
        WengertError,
    )

    if isinstance(error, (ConfigurationError, MissingDependency)):
        return USAGE
    if isinstance(error, (Unavailable, DeadlineExceeded, Unauthenticated)):
        return NO_ANSWER
    if isinstance(error, WengertError):
        return FAULT if isinstance(error, (ServerFault, ClientClosed)) else REFUSED
    # Where the output goes to is no fault of this program.
    return USAGE if isinstance(error, OSError) else FAULT
