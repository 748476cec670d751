"""``python -m tests.fuzz``: requests at random, by the million; ends with 1 where one was not answered properly."""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.sockets import over_sockets
from tests.fuzz.supervise import in_processes


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="requests to handlers in process")
    parser.add_argument("--socket-calls", type=int, default=50_000, help="requests over real sockets")
    parser.add_argument("--connections", type=int, default=5_000, help="connections of damaged bytes")
    parser.add_argument("--seconds", type=float, default=7200.0, help="when each part ends at the latest")
    parser.add_argument("--workers", type=int, default=2, help="processes asked at the same time")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first seed; by default the time")
    options = parser.parse_args()
    print(f"fuzz: seed {options.seed}", flush=True)
    parts = []
    if options.socket_calls + options.connections:
        parts.append(over_sockets(options.seed, options.socket_calls, options.connections, options.seconds))
        print("\n".join(parts[-1].lines()), flush=True)
    if options.calls:
        parts.append(in_processes(options.seed, options.calls, options.seconds, options.workers))
        print("\n".join(parts[-1].lines()), flush=True)
    faults = sum(len(part.all_faults()) for part in parts)
    made, asked = sum(part.calls for part in parts), options.calls + options.socket_calls + options.connections
    if made < asked:
        print(f"fuzz: the time was up after {made} of {asked} requests")
    print(f"fuzz: {made} requests, {faults} faults, seed {options.seed}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
