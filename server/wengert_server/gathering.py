"""The parts of one call on a cluster: a few for each of its threads under way, put together as they come."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import TYPE_CHECKING, NamedTuple

from adengine import cancellation
from wengert_server import remote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wengert_server.cluster import Cluster
    from wengert_server.cutting import Cut, Part

_log = logging.getLogger("wengert_server.gathering")

_AHEAD = 2
"""Parts under way for each thread: one to run, and one to go on with."""
_ALONE_S = 10.0
"""A cluster that has had no threads for so long is not waited for."""

Answer = Future[tuple[str, bytes]]


class _Sent(NamedTuple):
    first: int
    number: int
    part: Part


class Gathering:
    """The parts of one call.

    Parameters
    ----------
    cut
        The call.
    here
        The rpcs of this process, for parts that the cluster does not answer.
    cluster
        Computes them.
    function
        Gives the bytes that make the request of a part bring its function along.
    """

    def __init__(
        self,
        cut: Cut,
        here: Mapping[str, Callable[[bytes], bytes]],
        cluster: Cluster,
        function: Callable[[], bytes],
    ) -> None:
        self._cut = cut
        self._here = here
        self._cluster = cluster
        self._function = function
        self._along: bytes | None = None
        self._under_way: dict[Answer, _Sent] = {}
        self._heard = time.monotonic()
        self._computed_here = 0

    def gather(self, begun: int, step: int) -> None:
        """Have all items computed from a first one on, so many in each part, and put them together.

        Raises
        ------
        EngineError
            A part is wrong: it was computed here; or nobody waits for the answer any more.
        """
        started, parts = time.monotonic(), range(begun, self._cut.items, step)
        try:
            for first in parts:
                while len(self._under_way) >= _AHEAD * max(1, self._cluster.threads()):
                    self._take()
                number = min(step, self._cut.items - first)
                self._send(_Sent(first, number, self._cut.part(first, number)))
            while self._under_way:
                self._take()
        finally:
            for answer in self._under_way:
                answer.cancel()
        seconds = time.monotonic() - started
        _log.info("spread %d parts in %.1f s, %d of them computed here", len(parts), seconds, self._computed_here)

    def _send(self, sent: _Sent) -> None:
        try:
            answer = self._cluster.submit(remote.perform, sent.part, remote.version())
        except Exception as error:  # noqa: BLE001  whatever keeps the cluster from it
            self._compute(sent, error)
        else:
            self._under_way[answer] = sent

    def _take(self) -> None:
        """Take the answers that are there, or wait a moment for one."""
        done, _ = wait(self._under_way, timeout=cancellation.LOOK_S, return_when=FIRST_COMPLETED)
        cancellation.check()
        if done or self._cluster.threads():
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > _ALONE_S:
            done = set(self._under_way)
            for answer in done:
                answer.cancel()
        for answer in done:
            self._put(self._under_way.pop(answer), answer)

    def _put(self, sent: _Sent, answer: Answer) -> None:
        try:
            became, content = answer.result(timeout=0)
        except (Exception, CancelledError) as error:  # noqa: BLE001  of Dask, of pickle, of the network
            self._compute(sent, error)
            return
        if became == remote.UNKNOWN and self._along is None:
            self._along = self._function()
        if became == remote.UNKNOWN and self._along is not None and not sent.part.request.endswith(self._along):
            self._send(sent._replace(part=sent.part._replace(request=sent.part.request + self._along)))
        elif became == remote.DONE and self._fits(sent, content):
            return
        else:
            self._compute(sent, content.decode(errors="replace"))

    def _fits(self, sent: _Sent, content: bytes) -> bool:
        try:
            self._cut.put(sent.first, sent.number, content)
        except Exception as error:  # noqa: BLE001  it cannot be read, or has other shapes
            _log.warning("an answer of the cluster cannot be read: %s", error)
            return False
        return True

    def _compute(self, sent: _Sent, why: object) -> None:
        """Compute a part here."""
        self._computed_here += 1
        _log.warning("a part is computed here, since the cluster failed it: %s", why)
        self._cut.put(sent.first, sent.number, self._here[sent.part.rpc](sent.part.message()))
