"""``python -m tests.load``: calls of all kinds from several processes; ends with 1 where one failed or was wrong."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from tests.load.generate import load
from tests.serving import running_server


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--target", help="a server on this machine; one is started if none is named")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long")
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls at most")
    parser.add_argument("--processes", type=int, default=2, help="processes of clients")
    parser.add_argument("--threads", type=int, default=4, help="threads of each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with nullcontext() if options.target else running_server("--log-level", "warning") as server:
        target = server.address if server else options.target
        found = load(
            target,
            options.seconds,
            options.calls,
            processes=options.processes,
            threads=options.threads,
            seed=options.seed,
        )
    print("\n".join(found.lines()))
    sys.exit(1 if found.wrong or found.errors else 0)


if __name__ == "__main__":
    main()
