"""A server: made, started, drained."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import grpc

from adengine import Engine
from wengert_server import addresses, calls, cluster, health, preload, reflection, sockets
from wengert_server.admission import Admission
from wengert_server.queueing import CallThreads
from wengert_server.reception import Reception
from wengert_server.spreading import service_for
from wengert_server.store import FunctionStore
from wengert_server.streams import Streams
from wengert_server.tls import Certificates
from wengert_server.tokens import Tokens
from wengert_server.watching import watched

if TYPE_CHECKING:
    from wengert_server.calls import Handler
    from wengert_server.settings import Settings

_log = logging.getLogger("wengert_server")

_CLOSE_S = 0.5
_PING_INTERVAL_MS = 5_000


class Server:
    """One gRPC server over one engine.

    Parameters
    ----------
    settings
        Where it listens, and its limits.
    shares_ports
        Other processes may listen on the same ports, and share the callers.

    Raises
    ------
    RuntimeError
        An address cannot be bound, or a file that is set cannot be used, or a function not be preloaded.

    Attributes
    ----------
    addresses : tuple of str
        Where it listens, with the ports that were taken.
    """

    def __init__(self, settings: Settings, *, shares_ports: bool = False) -> None:
        self._settings = settings
        self._certificates = Certificates.of(settings)
        tokens = Tokens.of(settings)
        self._engine = Engine(
            settings.engine_limits(),
            threads=settings.threads,
            machine_code=settings.machine_code,
            reproducible=settings.reproducible,
            niceness=settings.niceness,
        )
        store = FunctionStore(settings.max_functions, settings.max_function_bytes, self._engine.forget)
        self._cluster = cluster.of(settings)
        service = service_for(self._engine, store, settings, self._cluster)
        admission = Admission.of(settings)
        watches, self._end_watching = watched(settings, store, self._engine, admission)
        reception = Reception(tokens, *watches, admission=admission)
        # Many more than there are cores: those of large calls only wait for the threads that compute.
        self._handlers = CallThreads(settings.calls, settings.max_waiting_calls)
        self._health = health.Health()
        self._reflection = reflection.Reflection()
        self._streams = Streams(service, reception, settings)
        self._server = grpc.server(self._handlers, options=_options(settings, shares_ports=shares_ports))
        self._add(calls.SERVICE.full_name, calls.handlers(service.rpcs(), reception, self._streams.handlers))
        self._add(health.NAME, self._health.handlers)
        for name in reflection.NAMES if settings.reflection else ():
            self._add(name, self._reflection.handlers)
        if settings.preload:
            preload.preload(settings.preload, service.register)
        self.addresses = tuple(self._bind(address) for address in settings.address)

    def start(self) -> None:
        """Take calls from now on."""
        self._server.start()
        self._health.serving()

    def leave(self) -> None:
        """Say that no more calls are welcome, and take them nevertheless: whoever sends them may learn of it late."""
        self._health.drain()

    def drain(self, grace_s: float | None = None) -> threading.Event:
        """Take no more calls, and let those in flight finish.

        Parameters
        ----------
        grace_s
            Seconds after which those that have not are cancelled; as set, if None.

        Returns
        -------
        drained
            Is set when no call is left.
        """
        self.leave()
        self._reflection.drain()
        self._streams.drain()
        return self._server.stop(self._settings.grace_s if grace_s is None else grace_s)

    def close(self) -> bool:
        """Let go of the threads; gives whether all of them were idle."""
        self._health.close()
        self._reflection.close()
        if self._cluster is not None:
            self._cluster.close()
        self._streams.close()
        self._end_watching()
        closing = threading.Thread(target=self._handlers.shutdown, daemon=True)
        closing.start()
        closing.join(_CLOSE_S)
        if closing.is_alive():
            return False
        # Not before: calls whose callers are gone would fail, each with a trace in the log.
        self._engine.close()
        return True

    def _add(self, service: str, handlers: dict[str, Handler]) -> None:
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        self._server.add_registered_method_handlers(service, handlers)

    def _bind(self, address: str) -> str:
        if addresses.is_unix(address):
            with sockets.binding(address):
                return addresses.bound(address, self._server.add_insecure_port(address))
        if self._certificates is None:
            return addresses.bound(address, self._server.add_insecure_port(address))
        return addresses.bound(address, self._server.add_secure_port(address, self._certificates.credentials()))


def _options(settings: Settings, *, shares_ports: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        # Replies have the limits of the engine.
        ("grpc.max_send_message_length", -1),
        # Callers that wait for an answer may ask now and then whether the server is there: by default one that asks
        # more than twice in five minutes is thrown out.
        ("grpc.http2.min_ping_interval_without_data_ms", _PING_INTERVAL_MS),
        # A caller whose machine or network is gone says nothing: it is asked whether it is there, with calls and
        # without, as often as it takes. What is sent to it meanwhile is held to the same time by the kernel.
        ("grpc.keepalive_time_ms", round(settings.keepalive_s * 1000)),
        ("grpc.keepalive_timeout_ms", round(settings.keepalive_timeout_s * 1000)),
        ("grpc.http2.ping_timeout_ms", round(settings.keepalive_timeout_s * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        # Two servers on one port would share its calls without a word; workers mean to.
        ("grpc.so_reuseport", int(shares_ports)),
    ]
