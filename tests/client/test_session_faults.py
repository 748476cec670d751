"""Sessions under faults: streams that break anywhere, short deadlines, many threads, closed at any moment."""

from __future__ import annotations

import random
import threading
import time
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

from tests.client.session_peers import X, answer, serving
from wengert_client import WengertError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.session_peers import Peer
    from wengert import v1
    from wengert_client import SessionFunction

SESSIONS, CALLS = 12, 30
PATIENCE_S = 90.0  # Longer than any call's deadline.


def faulty(source: random.Random) -> Any:
    """Answer, and every now and then break the stream, end it, or take a while."""

    def answers(peer: Peer) -> Iterator[v1.SessionResponse]:
        for request in peer.requests:
            fate = source.random()
            if fate < 0.01:
                peer.context.abort(grpc.StatusCode.UNAVAILABLE, "away")
            if fate < 0.02:
                return
            if fate < 0.03:
                peer.context.cancel()
            if fate < 0.04:
                time.sleep(0.05)
            yield answer(request)

    return answers


class Caller:
    """One thread's calls: waited for, not waited for, and made by what is told of an answer.

    Attributes
    ----------
    right : int
        Answers that were what they should be.
    wrong : list
        Those that were not.
    """

    def __init__(self, calls: SessionFunction, hasty: SessionFunction, seed: float) -> None:
        self._calls, self._hasty = calls, hasty
        self._source = random.Random(seed)  # noqa: S311  reproducible, not secret
        self.right = 0
        self.wrong: list[Any] = []

    def run(self) -> None:
        coming: list[tuple[int, futures.Future[Any]]] = []
        for _ in range(CALLS):
            k = self._source.randrange(1, 50)
            f = self._hasty if self._source.random() < 0.1 else self._calls
            try:
                if self._source.random() < 0.5:
                    self._check(k, f.value(X * k))
                    continue
                coming.append((k, f.submit("value", X * k)))
            except WengertError:
                continue
            if self._source.random() < 0.2:
                coming[-1][1].add_done_callback(lambda _, k=k: self._again(k))  # type: ignore[misc]
        for k, future in coming:
            if future.exception(PATIENCE_S) is None:
                self._check(k, future.result())
            else:
                assert isinstance(future.exception(), WengertError)

    def _again(self, k: int) -> None:
        try:
            self._check(k, self._calls.value(X * k))
        except WengertError:
            return

    def _check(self, k: int, found: Any) -> None:
        if np.allclose(found, [(X * k).sum()], rtol=1e-12, atol=0.0):
            self.right += 1
        else:
            self.wrong.append((k, found))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_call_ends_and_no_answer_is_another_calls(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311
    callers: list[Caller] = []
    before = set(threading.enumerate())
    with serving(faulty(source), max_attempts=5) as (client, f):
        for _ in range(SESSIONS):
            session = client.session(in_flight=source.choice([1, 2, 5, 64]))
            calls = session.function(f)
            hasty = session.function(client.function(f.to_message(), deadline_s=0.03))
            threads = source.choice([1, 3, 8])
            with futures.ThreadPoolExecutor(threads) as pool:
                callers += [Caller(calls, hasty, source.random()) for _ in range(threads)]
                running = [pool.submit(caller.run) for caller in callers[-threads:]]
                if source.random() < 0.3:
                    time.sleep(0.2 * source.random())
                    session.__exit__(KeyError, KeyError(), None)
                for each in running:
                    each.result(2 * PATIENCE_S)
            session.close()
    assert [caller.wrong for caller in callers if caller.wrong] == []
    assert sum(caller.right for caller in callers) > SESSIONS * CALLS / 2
    ends = time.monotonic() + PATIENCE_S
    while any(thread.name.startswith("wengert-") for thread in set(threading.enumerate()) - before):
        assert time.monotonic() < ends
        time.sleep(0.05)
