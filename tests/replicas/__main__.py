"""Kill, drain and restart replicas under load, with the client's own balancing and behind HAProxy.

python -m tests.replicas [--calls 50000] [--way client|haproxy]
"""

from __future__ import annotations

import argparse
import sys

from tests.replicas.faults import Outcome, under_faults
from tests.replicas.fleet import Fleet, haproxy, installed


def main() -> int:
    """Print a line for each way to the replicas; gives 1 where a call failed or was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--way", choices=("client", "haproxy"), help="only this one")
    given = parser.parse_args()
    outcomes: list[Outcome] = []
    with Fleet(3) as fleet:
        if given.way != "haproxy":
            outcomes.append(_told("the client's turns", under_faults(fleet, fleet.addresses, given.calls)))
        if given.way != "client" and installed():
            with haproxy(fleet.addresses) as address:
                outcomes.append(_told("HAProxy", under_faults(fleet, address, given.calls)))
        elif given.way != "client":
            print("HAProxy: not installed on this machine, not tried")
    return int(any(outcome.failed or outcome.wrong for outcome in outcomes))


def _told(name: str, outcome: Outcome) -> Outcome:
    print(
        f"{name}: {outcome.calls} calls in {outcome.seconds:.0f} s, {outcome.failed} failed, {outcome.wrong} wrong, "
        f"the slowest took {outcome.slowest_s:.2f} s",
        flush=True,
    )
    for line in outcome.told:
        print(f"    {line}")
    return outcome


if __name__ == "__main__":
    sys.exit(main())
