"""One process of clients: threads that call without pause, and tell at the end how each call went, as JSON."""

from __future__ import annotations

import argparse
import collections
import json
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np

from tests.load.kinds import KINDS, Kind
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_client import Client, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE_S = 120.0
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


@dataclass
class Tally:
    """How the calls of one kind went.

    Attributes
    ----------
    seconds : list of float
        Of each use that was answered.
    errors : Counter
        By code.
    wrong : int
        Answers that are not the known one.
    """

    seconds: list[float] = field(default_factory=list)
    errors: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: int = 0


class Caller:
    """One thread's kinds of call, and how they went."""

    def __init__(self, client: Client, channel: grpc.Channel, seed: int, kinds: Sequence[type[Kind]]) -> None:
        self._source = np.random.default_rng(seed)
        stub = DifferentiationServiceStub(channel)
        self._kinds = [kind(client, stub, self._source) for kind in kinds]
        weights = np.array([kind.weight for kind in kinds], float)
        self._odds = weights / weights.sum()
        self.tallies = {kind.name: Tally() for kind in kinds}

    def run(self, ends: float, calls: int) -> None:
        """Call until a moment on the monotonic clock, or so many times."""
        for _ in range(calls):
            if time.monotonic() >= ends:
                return
            kind = self._kinds[self._source.choice(len(self._kinds), p=self._odds)]
            self._one(kind, self.tallies[kind.name])

    def _one(self, kind: Kind, tally: Tally) -> None:
        started = time.perf_counter()
        try:
            right = kind.right()
        except ServiceError as error:
            tally.errors[error.code.name] += 1
            return
        except grpc.RpcError as error:
            ended: Any = error
            tally.errors[ended.code().name] += 1
            return
        tally.seconds.append(time.perf_counter() - started)
        tally.wrong += not right


def run(target: str, seconds: float, calls: int, threads: int, seed: int, kinds: Sequence[type[Kind]]) -> list[Caller]:
    """Have threads call; gives them with their tallies."""
    ends = time.monotonic() + seconds
    with Client(target, deadline_s=DEADLINE_S) as client, grpc.insecure_channel(target, options=_UNLIMITED) as channel:
        callers = [Caller(client, channel, seed + number, kinds) for number in range(threads)]
        running = [threading.Thread(target=caller.run, args=(ends, calls // threads)) for caller in callers]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    return callers


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--kinds", required=True)
    options = parser.parse_args()
    chosen = [kind for kind in KINDS if kind.__name__ in options.kinds.split(",")]
    callers = run(options.target, options.seconds, options.calls, options.threads, options.seed, chosen)
    told = [{name: vars(tally) for name, tally in caller.tallies.items()} for caller in callers]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
