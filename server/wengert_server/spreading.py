"""Large calls computed elsewhere, in parts; all others here, as ever.

A call that may be large is begun here: its first parts tell how long the rest will take. Where that is longer than is
set, the rest is cut into parts of a fraction of a second each, for a cluster. The cluster is a help and never a need: a
part that it does not answer, for whatever reason, is computed here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from adengine.errors import EngineError
from wengert import v1
from wengert_server import decode, encode
from wengert_server.cutting import Cut, PointsCut, SweepsCut
from wengert_server.gathering import Gathering
from wengert_server.service import DifferentiationService

if TYPE_CHECKING:
    from collections.abc import Callable

    from adengine import Engine, WengertList
    from wengert_server.cluster import Cluster
    from wengert_server.decode import Data
    from wengert_server.settings import Settings
    from wengert_server.store import FunctionStore

LOOK_BYTES = 4096
"""Requests of fewer bytes are not looked at: they have few points, and few inputs."""
PROBE = 128
"""One of so many items is computed here first, twice: the second time nothing is made that is kept."""
PART_S = 0.25
"""About what a part takes one engine: long beside what it costs to send it."""
PART_BYTES = 8 << 20
"""Bytes that a part sends or brings at most, about."""
_SMALL_LIST = 2000
"""A list of fewer statements is sent along with every part; a larger one with those whose worker has not seen it."""


def service_for(
    engine: Engine, store: FunctionStore, settings: Settings, cluster: Cluster | None
) -> DifferentiationService:
    """Give the service, which spreads large calls over a cluster if there is one."""
    if cluster is None:
        return DifferentiationService(engine, store, settings)
    return SpreadingService(engine, store, settings, cluster)


class SpreadingService(DifferentiationService):
    """The rpcs, large calls spread over a cluster.

    Parameters
    ----------
    engine, store, settings
        As for :class:`DifferentiationService`.
    cluster
        Computes parts.
    """

    def __init__(self, engine: Engine, store: FunctionStore, settings: Settings, cluster: Cluster) -> None:
        super().__init__(engine, store, settings)
        self._cluster = cluster
        self._least_s = settings.spread_s
        self._here: dict[str, Callable[[Data], bytes]] = {
            "Evaluate": super().evaluate,
            "Jvp": super().jvp,
            "Vjp": super().vjp,
            "Jacobian": super().jacobian,
            "Hessian": super().hessian,
            "Hvp": super().hvp,
        }

    def evaluate(self, data: Data) -> bytes:
        """Give f at the points."""
        return self._answer("Evaluate", v1.EvaluateRequest, data)

    def jvp(self, data: Data) -> bytes:
        """Give f and J u."""
        return self._answer("Jvp", v1.JvpRequest, data)

    def vjp(self, data: Data) -> bytes:
        """Give f and J^T v."""
        return self._answer("Vjp", v1.VjpRequest, data)

    def jacobian(self, data: Data) -> bytes:
        """Give f and J, where J[i, j] is the derivative of output i by selected input j."""
        return self._answer("Jacobian", v1.JacobianRequest, data)

    def hessian(self, data: Data) -> bytes:
        """Give f, and gradient and Hessian of a weighted sum of its outputs."""
        return self._answer("Hessian", v1.HessianRequest, data)

    def hvp(self, data: Data) -> bytes:
        """Give f, and gradient and Hessian-vector products of a weighted sum of its outputs."""
        return self._answer("Hvp", v1.HvpRequest, data)

    def _answer(self, rpc: str, kind: type[decode.M], data: Data) -> bytes:
        spread = self._spread(rpc, decode.message(kind, data)) if decode.size_of(data) >= LOOK_BYTES else None
        return self._here[rpc](data) if spread is None else spread

    def _spread(self, rpc: str, request: Any) -> bytes | None:
        """The answer of the cluster; None where the call is to be answered here, as it is.

        That is also where something is wrong with it, so that what is told about it is about the whole call.
        """
        if not self._cluster.threads():
            return None
        try:
            function = self._function(request.function)
            request.function.id = function.id
            if len(function.primitives) < _SMALL_LIST:
                request.function.list.CopyFrom(encode.wengert_list(function))
            cut = self._cut(rpc, request, function)
            pace_s, begun = self._begin(cut)
            if (cut.items - begun) * pace_s < self._least_s:
                return None
            fits = max(1, min(round(PART_S / pace_s), PART_BYTES // cut.item_bytes))
            gathering = Gathering(cut, self._here, self._cluster, lambda: _sent_along(function))
            gathering.gather(begun, fits)
        except (EngineError, ValueError):
            return None
        return cut.answer()

    def _cut(self, rpc: str, request: Any, function: WengertList) -> Cut:
        """The call as one that can be cut.

        Raises
        ------
        ValueError
            It cannot.
        """
        if len(request.points.shape) > 1:
            return PointsCut(rpc, request, self._limits.reply_elements)
        if rpc != "Jacobian" or decode.sparse(request.layout):
            raise ValueError("nothing of it can be cut")
        sweeps = self._engine.jacobian_sweeps(
            function,
            shared=decode.shared(request.shared, len(function.inputs), self._limits),
            outputs=decode.names(request.outputs, len(function.outputs)),
            with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
            mode=decode.mode(request.mode),
        )
        return SweepsCut(request, sweeps, self._limits.reply_elements)

    def _begin(self, cut: Cut) -> tuple[float, int]:
        """Compute the first items here; gives the seconds of one, and how many there are."""
        count, seconds = max(1, cut.items // PROBE), 0.0
        for first in (0, count):
            started = time.perf_counter()
            part = cut.part(first, min(count, cut.items - first))
            cut.put(first, min(count, cut.items - first), self._here[part.rpc](part.message()))
            seconds = time.perf_counter() - started
        return seconds / count, min(2 * count, cut.items)


def _sent_along(function: WengertList) -> bytes:
    """What makes the request of a part bring its function: it goes before the id that is there."""
    return v1.EvaluateRequest(function=v1.FunctionSource(list=encode.wengert_list(function))).SerializeToString()
