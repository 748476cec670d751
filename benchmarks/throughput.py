"""How many tiny calls a second a server answers to many clients, as one process and as two workers.

``python -m benchmarks.throughput ADDRESS THREADS SECONDS`` calls from so many threads, each with a connection of its
own, and prints how many calls were answered a second.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measure import Effort
from benchmarks.processes import our_server
from benchmarks.results import Table
from examples import functions
from wengert_client import Client

_PROCESSES = 2
_THREADS = (1, 4, 16)


def throughput(effort: Effort) -> Table:
    """Count calls of tiny values and Jacobians, by workers and threads of clients."""
    seconds, counted = (0.3, _THREADS[:1]) if effort.quick else (4.0, _THREADS)
    rows = []
    for workers in (1, 2):
        with our_server({"WENGERT_WORKERS": str(workers)}) as served:
            counts = [_per_second(served.address, threads, seconds) for threads in counted]
        rows.append([str(workers), *(f"{count:.0f}" for count in counts)])
    columns = ["workers", *(f"{_PROCESSES * threads} clients" for threads in counted)]
    note = (
        f"Calls a second of {_PROCESSES} processes of clients, each client with a connection of its own and one call "
        "after another. They share the machine with the server, and a client in Python takes about as long for a call "
        "as the server does; so workers gain little where there are few cores."
    )
    return Table("Tiny value and Jacobian: calls a second", columns, rows, note)


def _per_second(address: str, threads: int, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.throughput", address, str(threads), str(seconds)]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(_PROCESSES)]
    told = [float(client.communicate()[0]) for client in clients]
    return sum(told)


def calls_per_second(address: str, threads: int, seconds: float) -> float:
    """Call from so many threads for a while."""
    tiny = functions.product_plus_sine()

    def work(_thread: int) -> int:
        with Client(address) as client:
            function = client.function(tiny.builder)
            function.value_and_jacobian(tiny.point)
            ends, count = time.perf_counter() + seconds, 0
            while time.perf_counter() < ends:
                function.value_and_jacobian(tiny.point)
                count += 1
            return count

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads))) / seconds


if __name__ == "__main__":
    print(calls_per_second(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
