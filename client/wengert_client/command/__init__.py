"""The command ``wengert``: values and derivatives of a function in a file, from a shell.

>>> from wengert_client.command import main
>>> main(["eval"])  # doctest: +SKIP
2

Gives the exit status: 0 done; 1 refused, or a check failed; 2 called wrongly; 3 no answer from a server; 4 a fault of
this program or of the server; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from wengert_client.command.arguments import joined, parser
from wengert_client.command.failures import FAULT, INTERRUPTED, NOBODY_READS, tell

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and give its exit status."""
    try:
        given = parser().parse_args(joined(sys.argv[1:] if arguments is None else arguments))
    except SystemExit as left:
        # Of argparse, which has said what there is to say: help, or what is wrong.
        return left.code if isinstance(left.code, int) else FAULT
    try:
        status = _run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _write_no_more()
        return NOBODY_READS
    except Exception as error:  # noqa: BLE001  the last one to be told
        if isinstance(error, OSError):
            # Standard output itself may be what fails.
            _write_no_more()
        return tell(error, trace=given.trace)
    return status


def _run(given: Namespace) -> int:
    # Not at the top: they load gRPC and NumPy, and help is to be there at once.
    if given.command == "completion":
        from wengert_client.command import completion  # noqa: PLC0415

        return completion.run(given)
    from wengert_client.command import running  # noqa: PLC0415

    return running.run(given)


def _write_no_more() -> None:
    """Have what is left to be written go nowhere, or Python would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
