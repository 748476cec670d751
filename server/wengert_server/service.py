"""The rpcs, each in three steps: check and decode, call the engine, encode."""

from __future__ import annotations

import hashlib
from importlib import metadata
from typing import TYPE_CHECKING, cast

from adengine import primitives
from adengine.errors import EngineError
from adengine.streamed import PART_ELEMENTS
from wengert import v1
from wengert_server import decode, encode, language
from wengert_server.caller import current
from wengert_server.errors import MalformedRequest, UnknownFunction
from wengert_server.unknown import refuse_unknown_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adengine import Engine, JacobianStream, Pattern, WengertList
    from wengert_server.decode import Data
    from wengert_server.settings import Settings
    from wengert_server.store import FunctionStore

#: The rpcs that :mod:`wengert_server.streams` serves.
STREAMS = ("StreamJacobian", "Session")


class DifferentiationService:
    """The rpcs that are served, from the bytes of a request to those of a response.

    Parameters
    ----------
    engine
        Does the work.
    store
        Holds the functions.
    settings
        The limits.

    Notes
    -----
    All methods may be called from many threads. They raise
    :class:`adengine.errors.EngineError` with field paths from the request.
    """

    def __init__(self, engine: Engine, store: FunctionStore, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._limits = settings.engine_limits()
        self._max_tensors = settings.max_tensors
        self._bounds = language.Bounds.of(settings)
        self._max_block_bytes = settings.max_block_bytes
        self._capabilities = self._describe_capabilities(settings).SerializeToString()

    def rpcs(self) -> Mapping[str, Callable[[Data], bytes]]:
        """Give the rpcs served, by the names the contract has for them."""
        return {
            "Register": self.register,
            "Describe": self.describe,
            "Forget": self.forget,
            "Evaluate": self.evaluate,
            "Jvp": self.jvp,
            "Vjp": self.vjp,
            "Jacobian": self.jacobian,
            "Hessian": self.hessian,
            "Hvp": self.hvp,
            "Sparsity": self.sparsity,
            "Differentiate": self.differentiate,
            "GetCapabilities": self.get_capabilities,
        }

    def register(self, data: Data) -> bytes:
        """Hold a function, and make the calls ready that are named."""
        request = decode.message(v1.RegisterRequest, data)
        kinds = decode.prepared_kinds(request.prepare)
        function = self._function(request.function)
        for i, (preparation, kind) in enumerate(zip(request.prepare, kinds, strict=True)):
            self._prepare(function, preparation, kind, f"prepare[{i}]")
        return v1.RegisterResponse(info=encode.function_info(function)).SerializeToString()

    def describe(self, data: Data) -> bytes:
        """Give what is known of a function, and the list if asked for."""
        request = decode.message(v1.DescribeRequest, data)
        function = self._function(request.function)
        response = v1.DescribeResponse(info=encode.function_info(function))
        if request.with_list:
            response.list.CopyFrom(encode.wengert_list(function))
        if request.with_text:
            try:
                response.text = language.write(function, self._bounds)
            except EngineError as error:
                raise error.at("with_text") from None
        return response.SerializeToString()

    def forget(self, data: Data) -> bytes:
        """Drop a function."""
        request = decode.message(v1.ForgetRequest, data)
        return v1.ForgetResponse(held=self._store.drop(request.id, current().subject)).SerializeToString()

    def evaluate(self, data: Data) -> bytes:
        """Give f at the points."""
        request = decode.message(v1.EvaluateRequest, data)
        function = self._function(request.function)
        result = self._engine.evaluate(
            function,
            decode.points(request, self._limits),
            shared=decode.shared(request.shared, len(function.inputs), self._limits),
            outputs=decode.names(request.outputs, len(function.outputs)),
        )
        return encode.evaluate(result)

    def jvp(self, data: Data) -> bytes:
        """Give f and J u."""
        request = decode.message(v1.JvpRequest, data)
        function = self._function(request.function)
        result = self._engine.jvp(
            function,
            decode.points(request, self._limits),
            decode.tangents(request, self._limits),
            shared=decode.shared(request.shared, len(function.inputs), self._limits),
            outputs=decode.names(request.outputs, len(function.outputs)),
            with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
        )
        return encode.jvp(result)

    def vjp(self, data: Data) -> bytes:
        """Give f and J^T v."""
        request = decode.message(v1.VjpRequest, data)
        function = self._function(request.function)
        result = self._engine.vjp(
            function,
            decode.points(request, self._limits),
            decode.cotangents(request, self._limits),
            shared=decode.shared(request.shared, len(function.inputs), self._limits),
            outputs=decode.names(request.outputs, len(function.outputs)),
            with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
        )
        return encode.vjp(result)

    def jacobian(self, data: Data) -> bytes:
        """Give f and J, where J[i, j] is the derivative of output i by selected input j."""
        request = decode.message(v1.JacobianRequest, data)
        sparse, mode = decode.sparse(request.layout), decode.mode(request.mode)
        function = self._function(request.function)
        points = decode.points(request, self._limits)
        shared = decode.shared(request.shared, len(function.inputs), self._limits)
        outputs = decode.names(request.outputs, len(function.outputs))
        by = decode.names(request.with_respect_to, len(function.inputs))
        if sparse:
            entries = self._engine.sparse_jacobian(
                function, points, shared=shared, outputs=outputs, with_respect_to=by, mode=mode
            )
            return encode.sparse_jacobian(entries, values_only=_knows(request, entries.pattern))
        result = self._engine.jacobian(function, points, shared=shared, outputs=outputs, with_respect_to=by, mode=mode)
        return encode.jacobian(result)

    def hessian(self, data: Data) -> bytes:
        """Give f, and gradient and Hessian of a weighted sum of its outputs."""
        request = decode.message(v1.HessianRequest, data)
        sparse = decode.sparse(request.layout)
        function = self._function(request.function)
        points, weights = decode.points(request, self._limits), decode.weights(request, self._limits)
        shared = decode.shared(request.shared, len(function.inputs), self._limits)
        outputs = decode.names(request.outputs, len(function.outputs))
        by = decode.names(request.with_respect_to, len(function.inputs))
        if sparse:
            entries = self._engine.sparse_hessian(
                function, points, weights, shared=shared, outputs=outputs, with_respect_to=by
            )
            return encode.sparse_hessian(entries, values_only=_knows(request, entries.pattern))
        result = self._engine.hessian(function, points, weights, shared=shared, outputs=outputs, with_respect_to=by)
        return encode.hessian(result)

    def hvp(self, data: Data) -> bytes:
        """Give f, and gradient and Hessian-vector products of a weighted sum of its outputs."""
        request = decode.message(v1.HvpRequest, data)
        function = self._function(request.function)
        result = self._engine.hvp(
            function,
            decode.points(request, self._limits),
            decode.tangents(request, self._limits),
            decode.weights(request, self._limits),
            shared=decode.shared(request.shared, len(function.inputs), self._limits),
            outputs=decode.names(request.outputs, len(function.outputs)),
            with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
        )
        return encode.hvp(result)

    def stream_jacobian(self, data: Data) -> tuple[JacobianStream, int]:
        """Give f, J in parts that are computed when they are asked for, and how many entries a message carries."""
        asked = decode.message(v1.StreamJacobianRequest, data)
        if not asked.HasField("request"):
            raise MalformedRequest("nothing is asked for: a JacobianRequest is expected", "request")
        elements = decode.block_elements(asked.block_bytes, self._max_block_bytes)
        request = asked.request
        try:
            mode = decode.dense_mode(request)
            function = self._function(request.function)
            stream = self._engine.jacobian_stream(
                function,
                decode.points(request, self._limits),
                shared=decode.shared(request.shared, len(function.inputs), self._limits),
                outputs=decode.names(request.outputs, len(function.outputs)),
                with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
                mode=mode,
                part_elements=max(elements, PART_ELEMENTS),
                enough_elements=elements,
            )
        except EngineError as error:
            raise error.at("request") from None
        return stream, elements

    def sparsity(self, data: Data) -> bytes:
        """Give the pattern of J, or of the Hessian, and its colors."""
        request = decode.message(v1.SparsityRequest, data)
        function = self._function(request.function)
        result = self._engine.sparsity(
            function,
            outputs=decode.names(request.outputs, len(function.outputs)),
            with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
            hessian=request.hessian,
        )
        return encode.sparsity(result)

    def differentiate(self, data: Data) -> bytes:
        """Give a derivative as a list."""
        request = decode.message(v1.DifferentiateRequest, data)
        derivative = decode.derivative(request.derivative)
        function = self._function(request.function)
        made = self._engine.differentiate(
            function,
            derivative,
            outputs=decode.names(request.outputs, len(function.outputs)),
            with_respect_to=decode.names(request.with_respect_to, len(function.inputs)),
        )
        return encode.differentiate(made)

    def get_capabilities(self, data: Data) -> bytes:
        """Give what the server can do."""
        decode.message(v1.GetCapabilitiesRequest, data)
        return self._capabilities

    def _function(self, source: v1.FunctionSource) -> WengertList:
        """Give the function a call is about; one sent along is held from now on."""
        kind = source.WhichOneof("source")
        if kind == "id":
            return self._by_id(source.id)
        if kind == "list":
            try:
                function = self._sent(source.list)
            except EngineError as error:
                raise error.at("function.list") from None
            current().about(function.id)
            return function
        if kind == "text":
            try:
                function = self._written(source.text)
            except EngineError as error:
                raise error.at("function.text") from None
            current().about(function.id)
            return function
        raise MalformedRequest("no function is given: an id, a list or a text is expected", "function")

    def _by_id(self, function_id: str) -> WengertList:
        function = self._store.get(function_id, current().subject)
        if function is None:
            given = f"this server holds no function of the id {function_id[:64]!r}"
            raise UnknownFunction(f"{given}; register its list and repeat the call", "function.id")
        current().about(function.id)
        return function

    def _prepare(self, function: WengertList, asked: v1.Preparation, kind: decode.Kind, field: str) -> None:
        """Make calls of one kind ready, and wait for it."""
        inputs = len(function.inputs)
        try:
            self._engine.prepare(
                function,
                kind.call,
                points=asked.points or 1,
                directions=asked.directions or 1,
                shared=decode.names(asked.shared, inputs),
                outputs=decode.names(asked.outputs, len(function.outputs)),
                with_respect_to=decode.names(asked.with_respect_to, inputs) if kind.differentiates else (),
                mode=kind.mode,
            )
        except EngineError as error:
            raise error.at(field) from None

    def _sent(self, message: v1.WengertList) -> WengertList:
        # The digest spares building a list that was sent before as the same bytes.
        digest = hashlib.sha256(refuse_unknown_fields(message)).digest()
        subject = current().subject
        function = self._store.find(digest, subject)
        if function is None:
            function = decode.wengert_list(message, self._limits, self._max_tensors)
            self._store.put(function, digest, subject)
        return function

    def _written(self, text: str) -> WengertList:
        # No list's bytes begin so.
        digest = hashlib.sha256(b"text\0" + text.encode()).digest()
        subject = current().subject
        function = self._store.find(digest, subject)
        if function is None:
            function = language.read(text, self._bounds)
            self._store.put(function, digest, subject)
        return function

    def _describe_capabilities(self, settings: Settings) -> v1.GetCapabilitiesResponse:
        response = v1.GetCapabilitiesResponse(
            version=metadata.version("wengert"),
            primitives=cast("list[v1.Primitive.ValueType]", sorted(primitives.SERVED)),
            tiers=self._engine.tiers,
            cores=settings.threads,
            rpcs=[*self.rpcs(), *STREAMS],
            vector_functions=self._engine.vector_functions,
        )
        for name, value, description in settings.limits():
            response.limits.add(name=name, value=value, description=description)
        response.limits.add(name="name_bytes", value=self._limits.name_bytes, description="bytes of one name")
        response.limits.add(name="rank", value=self._limits.rank, description="axes of one variable")
        return response


def _knows(request: v1.JacobianRequest | v1.HessianRequest, pattern: Pattern) -> bool:
    """Whether the caller wants the values alone: not where it knows another pattern than that of the answer."""
    return request.values_only and request.known_pattern in {b"", pattern.digest}
