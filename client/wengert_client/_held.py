"""A function that a server holds, or is to hold: registration, and calls that survive being forgotten."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, TypeVar

from wengert.v1 import (
    DescribeRequest,
    DescribeResponse,
    DifferentiateRequest,
    EvaluateRequest,
    HessianRequest,
    HvpRequest,
    JacobianRequest,
    JvpRequest,
    RegisterRequest,
    SparsityRequest,
    VjpRequest,
    WengertList,
)
from wengert_client._errors import LimitExceeded, UnknownFunction
from wengert_client._misses import Misses
from wengert_client._patterns import Patterns
from wengert_client._results import FunctionInfo, read_inputs
from wengert_client._signature import Signature
from wengert_client._waiting import now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from google.protobuf.message import Message

    from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
    from wengert_client._cutting import Limits
    from wengert_client._transport import Carrier, Method
    from wengert_client._waiting import Group

__all__ = ["HeldFunction", "Request"]

Request = TypeVar(
    "Request",
    EvaluateRequest,
    JvpRequest,
    VjpRequest,
    JacobianRequest,
    HessianRequest,
    HvpRequest,
    RegisterRequest,
    SparsityRequest,
    DifferentiateRequest,
    DescribeRequest,
)
Response = TypeVar("Response")
Result = TypeVar("Result")

_ATTEMPTS_BY_ID = 3
#: What is no text.
_ID = re.compile(r"[0-9a-f]{64}")
# Half of what servers take as one message by default.
_SMALL_BYTES = 8 << 20


class HeldFunction:
    """A function by its list, or by its id alone; safe to use from many threads.

    Parameters
    ----------
    transport
        Carries calls to a server.
    source
        The list, which is copied; the id of a function that the server holds already; or a source text.
    deadline_s
        Seconds until a call is given up; None: as the client has it.

    Attributes
    ----------
    patterns
        Of sparse answers.
    progress
        Whether progress bars are shown; None: where somebody looks and it takes more than a second.
    """

    def __init__(self, transport: Carrier, source: WengertList | str, deadline_s: float | None) -> None:
        self._transport = transport
        self._deadline_s = deadline_s
        self.patterns = Patterns()
        self.progress: bool | None = None
        self._misses = Misses()
        self._lock = transport.lock()
        self._info: FunctionInfo | None = None
        self._source: tuple[WengertList, Signature] | None = None
        self._id = source if isinstance(source, str) else ""
        if isinstance(source, WengertList):
            self._source = _kept(source)

    def __reduce__(self) -> tuple[object, ...]:
        # Another process registers it again by itself, should its server not know it.
        source = self._id if self._source is None else self._source[0]
        return HeldFunction, (self._transport, source, self._deadline_s)

    def over(self, transport: Carrier, deadline_s: float | None = None) -> HeldFunction:
        """The same function, whose calls are carried by another; perhaps with another deadline."""
        held = HeldFunction(transport, self._id, self._deadline_s if deadline_s is None else deadline_s)
        # The list is never changed, and patterns know of which registration they are.
        held._source, held._info, held.patterns = self._source, self._info, self.patterns
        held.progress = self.progress
        return held

    def another(self, wengert_list: WengertList) -> HeldFunction:
        """A function of the same client, by its list."""
        return HeldFunction(self._transport, wengert_list, self._deadline_s)

    @property
    def carrier(self) -> Carrier:
        """What carries its calls."""
        return self._transport

    @property
    def info(self) -> FunctionInfo:
        """What the server knows of it."""
        return self._info or now(self.registered())

    @property
    def known_source(self) -> tuple[WengertList, Signature] | None:
        """Its list and its inputs, as far as they are known without asking anybody."""
        return self._source

    @property
    def known_inputs(self) -> str:
        """Names its inputs, without asking anybody; its id, or the beginning of its text, where only that is known."""
        if self._source is None:
            return self._id[:12] + "..."
        return ", ".join(each.name for each in self._source[1].inputs)

    @property
    def signature(self) -> Signature:
        """Its inputs; asks the server where the list is not known."""
        return self._known()[1]

    @property
    def wengert_list(self) -> WengertList:
        """Its list, not to be changed; asks the server where it is not known."""
        return self._known()[0]

    def ends(self) -> float:
        """Give when a call that begins now is given up, on the monotonic clock."""
        return self._transport.ends(self._deadline_s)

    async def limits(self) -> Limits:
        """Give what one call may have."""
        return await self._transport.known_limits(self.ends())

    def group(self, parts: int) -> Group:
        """Give what runs parts of one call."""
        return self._transport.group(parts)

    def done(self, coming: Coroutine[Any, Any, Response]) -> Response:
        """Give what a method gives to who called it."""
        return self._transport.done(coming)

    def then(self, result: Result, finish: Callable[[Result], Response]) -> Response:
        """Give what a method gives that makes something of another one's result."""
        return self._transport.then(result, finish)

    async def registered(self, ends: float | None = None) -> FunctionInfo:
        """Give what the server knows of it, which is registered where that was not done yet."""
        return self._info or await self._registered(self.ends() if ends is None else ends)

    def call(
        self, rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]], request: Request
    ) -> Response:
        """Make a call, and wait for it; see :meth:`ask`."""
        return now(self.ask(rpc, request))

    async def ask(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float | None = None,
    ) -> Response:
        """Make a call by the function's id; register the function before.

        A server that does not hold it, for it has forgotten it or is another than the one it was registered with,
        gets the list with the call, and holds it from then on. Where the two are large, and might be too much for one
        message, the list is registered again instead, and goes with the call only if that was in vain.
        """
        ends = self.ends() if ends is None else ends
        info = self._info or await self._registered(ends)
        if self._misses.goes_along() and self._is_small(request):
            return await self._ask_with_list(rpc, request, ends)
        request.function.id = info.id
        try:
            return await self._transport.ask(rpc, request, ends)
        except UnknownFunction:
            misses = self._misses.note()
            # Equal, and another one: what is kept under a registration, as patterns are, ends with it.
            self._info = copy.copy(info)
        if not self._is_small(request):
            return await self._ask_after_registering(rpc, request, ends, misses)
        self._misses.send_along()
        try:
            return await self._ask_with_list(rpc, request, ends)
        except LimitExceeded:
            # Of a server that takes smaller messages than most do.
            return await self._ask_after_registering(rpc, request, ends, misses)

    def _is_small(self, request: Message) -> bool:
        """Whether the list and a call surely go into one message."""
        return self.wengert_list.ByteSize() + request.ByteSize() <= _SMALL_BYTES

    async def _ask_with_list(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
    ) -> Response:
        request.function.list.CopyFrom(self.wengert_list)
        return await self._transport.ask(rpc, request, ends)

    async def _ask_after_registering(
        self,
        rpc: Callable[[DifferentiationServiceStub], Method[Request, Response]],
        request: Request,
        ends: float,
        misses: int,
    ) -> Response:
        for _ in range(_ATTEMPTS_BY_ID):
            info = await self._registered(ends, times=misses)
            request.function.id = info.id
            try:
                return await self._transport.ask(rpc, request, ends)
            except UnknownFunction:
                misses = self._misses.note()
        return await self._ask_with_list(rpc, request, ends)

    def _known(self) -> tuple[WengertList, Signature]:
        while self._source is None:
            now(self._registered(self.ends()))
        return self._source

    async def _registered(self, ends: float, times: int = 0) -> FunctionInfo:
        """Register the function, once among all threads; `times`: so often once more, with a server in turn each."""
        with self._lock:
            if self._info is None:
                source = self._source
                self._info = await (self._describe(ends) if source is None else self._register(source[0], ends))
            for _ in range(times):
                self._info = await self._register(self._known()[0], ends)
            return self._info

    async def _register(self, wengert_list: WengertList, ends: float) -> FunctionInfo:
        request = RegisterRequest()
        request.function.list.CopyFrom(wengert_list)
        response = await self._transport.ask(lambda stub: stub.Register, request, ends)
        return FunctionInfo.read(response.info)

    async def _describe(self, ends: float) -> FunctionInfo:
        """Fetch a function known by its id or its text, with its list, so that it can be sent again later."""
        request = DescribeRequest(with_list=True)
        if _ID.fullmatch(self._id):
            request.function.id = self._id
        else:
            request.function.text = self._id
        response = await self._described(request, ends, self._transport.targets - 1)
        self._source = _kept(response.list)
        return FunctionInfo.read(response.info)

    async def _described(self, request: DescribeRequest, ends: float, others: int) -> DescribeResponse:
        try:
            return await self._transport.ask(lambda stub: stub.Describe, request, ends)
        except UnknownFunction:
            if not others:
                raise
        # It may have been registered with another server, whose turn it is now.
        return await self._described(request, ends, others - 1)


def _kept(source: WengertList) -> tuple[WengertList, Signature]:
    """Copy a list, so that nobody changes it, and read its inputs."""
    kept = WengertList()
    kept.CopyFrom(source)
    return kept, Signature(read_inputs(kept))
