"""Settings: one table of names, defaults and sentences; flags and variables follow from it.

The field ``max_statements`` is set by the flag ``--max-statements``, else by the variable
``WENGERT_MAX_STATEMENTS``, else it has its default. Whole numbers may end in KiB, MiB or GiB. What
may be given several times is separated by commas in the variable.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from wengert_server import addresses, cluster, memory
from wengert_server.units import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adengine import Limits

T = TypeVar("T")

_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_LIMIT = "max_"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _row(default: T, description: str, *, least: float = 1, most: float = 2**62, choices: Sequence[str] = ()) -> T:
    metadata = {"description": description, "range": (least, most), "choices": choices}
    row: T = dataclasses.field(default=default, metadata=metadata)
    return row


@dataclass(frozen=True)
class Settings:
    """What one server does, and how much of it; each row's sentence says what.

    Rows called ``max_`` are the limits. GetCapabilities tells them, without that prefix.
    """

    # fmt: off
    address: tuple[str, ...] = _row(("127.0.0.1:50051",),
        "where to listen, HOST:PORT or unix:PATH; port 0 takes a free one; may be given several times")
    insecure_any_address: bool = _row(False,
        "listen off the loopback interface too, although nothing is encrypted")
    tls_certificate: str = _row("",
        "file of the server's certificate in PEM, those up to its authority after it; all addresses but unix: ones "
        "are encrypted then; read again when it changes")
    tls_key: str = _row("", "file of the certificate's private key in PEM, without a passphrase")
    tls_client_ca: str = _row("",
        "file of authorities' certificates in PEM: callers must show a certificate that one of them has signed")
    workers: int = _row(1, most=1024, description=
        "processes that share the addresses, each with functions, threads and limits of its own; one that dies is "
        "started again; a unix socket's name needs {worker} in it then, for the number of the worker")
    token_file: str = _row("",
        "file with a line for each token that lets calls in: SUBJECT sha256:HASH, as wengert-token writes it; read "
        "again when it changes; without it nobody is asked who calls")
    reflection: bool = _row(True,
        "describe the contract over gRPC to tools that ask, without a token")
    trace_endpoint: str = _row("",
        "where to send OpenTelemetry traces over OTLP and gRPC, such as http://localhost:4317; without it "
        "OTEL_EXPORTER_OTLP_ENDPOINT is asked")
    metrics_address: str = _row("",
        "where to answer Prometheus, HOST:PORT, unencrypted and without a token; each worker takes the port after that "
        "of the one before")
    threads: int = _row(_cores(), most=1024, description=
        "threads that compute, together, what takes longer than some milliseconds; the default is the number of cores")
    niceness: int = _row(10, least=0, most=19, description=
        "how much those threads give way, on Linux, to other threads of server and machine, so that small calls "
        "do not wait for large ones; 0 to have them compete")
    calls: int = _row(64, most=4096, description=
        "calls handled at the same time: small ones are answered at once, large ones take turns on the threads")
    wait_s: float = _row(5.0, least=0, description=
        "seconds that a large call waits for memory that others take, before it is told to try again later")
    streams: int = _row(16, most=1024, description=
        "Jacobians sent in blocks at the same time; more wait for one of them to end")
    executor: str = _row("threads", choices=("threads", "dask"), description=
        "where large calls are computed: on this process's threads, or in parts on a Dask cluster")
    scheduler: str = _row("",
        "address of the Dask cluster's scheduler, tcp://HOST:PORT on the loopback interface, or tls://HOST:PORT")
    spread_s: float = _row(1.0, least=0, description=
        "seconds that a call is expected to take here, from which on it is computed on the cluster")
    machine_code: bool = _row(True,
        "compile what is called much to machine code, in the background, and what is registered with prepare")
    reproducible: bool = _row(False,
        "compute with the C library's scalar functions only, so that numbers do not depend on the processor's vectors; "
        "nothing is compiled to machine code then")
    preload: str = _row("",
        "folder of functions that are held before the first call: lists as .binpb or .json, or with calls to be made "
        "ready, as .register.binpb or .register.json")
    drain_delay_s: float = _row(0.0, least=0, description=
        "seconds after SIGTERM or SIGINT in which health says NOT_SERVING while calls are still taken, so that load "
        "balancers see it first")
    grace_s: float = _row(20.0, least=0, description=
        "seconds that calls in flight get to finish after SIGTERM or SIGINT, and the delay")
    keepalive_s: float = _row(30.0, least=0.1, most=86_400, description=
        "seconds without a word on a connection until its other end is asked whether it is still there")
    keepalive_timeout_s: float = _row(20.0, least=0.1, most=86_400, description=
        "seconds that it gets to answer; then the connection is closed, and what its calls, streams and sessions held "
        "is free again")
    keep_memory_bytes: int = _row(256 << 20,
        "bytes of freed memory that the process keeps for its next call, where the C library is glibc")
    log_format: str = _row("text", "how log lines are written", choices=("text", "json"))
    log_level: str = _row("info", "the least level that is logged; debug has a line for every call",
        choices=("debug", "info", "warning", "error"))
    # The engine's own defaults where it has the limit; a test holds them equal.
    max_message_bytes: int = _row(16 << 20, "bytes of one request", most=2**31 - 1)
    max_block_bytes: int = _row(64 << 20, most=2**30, description=
        "bytes of entries in one message of a Jacobian sent in blocks")
    max_sessions: int = _row(128, most=65_536, description=
        "sessions open at the same time, each with a thread of its own")
    max_functions: int = _row(1_000,
        "functions kept; the one longest unused is dropped")
    max_function_bytes: int = _row(2 << 30,
        "bytes of all functions kept; those longest unused are dropped")
    max_tensors: int = _row(100_000, "array constants of one list")
    max_statements: int = _row(2_000_000, "statements of one list")
    max_variable_elements: int = _row(1 << 27, most=2**31 - 1, description=
        "elements of one variable, input or array constant")
    max_list_elements: int = _row(1 << 29,
        "elements of all variables of one list")
    max_reply_elements: int = _row(1 << 27,
        "elements of the largest array of a reply, such as K * m * n_w of a Jacobian")
    max_flight_bytes: int = _row(0, least=0, description=
        "bytes of memory that all calls in flight may take together; 0 takes half of what the machine or its control "
        "group has, of each worker its share")
    max_waiting_calls: int = _row(1_000, least=0, description=
        "calls that wait to be handled; more are told at once to try again later")
    max_call_bytes: int = _row(4 << 30, "bytes of memory one call may take", most=2**35)
    max_call_elements: int = _row(1 << 38,
        "elements one call may compute: those of all variables, times points and sweeps")
    max_kept_bytes: int = _row(4 << 30,
        "bytes of derivative lists, instructions and working memory kept for later calls")
    max_pattern_entries: int = _row(1 << 26, "entries of one sparsity pattern")
    max_compiled_statements: int = _row(200_000,
        "statements of one list, derivative lists included, that is compiled to machine code; longer ones run without")
    max_text_bytes: int = _row(16 << 20, "bytes of one source text, sent or asked for")
    max_text_tokens: int = _row(2_000_000, "names, numbers and signs of one source text")
    max_text_depth: int = _row(256, most=1000, description="how deep brackets and blocks of a source text may nest")
    max_text_steps: int = _row(4_000_000, description=
        "steps of reading one source text: a name, number or operation each, those of a loop once for each turn")
    max_inputs: int = _row(100_000, "inputs of one list")
    max_outputs: int = _row(100_000, "outputs of one list")
    max_body_depth: int = _row(16, "how deep bodies may nest")
    max_bodies: int = _row(1_000, "bodies of one list, those of bodies included")
    # fmt: on

    def __post_init__(self) -> None:
        for row in dataclasses.fields(self):
            _check(row, getattr(self, row.name))
        if not self.max_flight_bytes:
            object.__setattr__(self, "max_flight_bytes", memory.available() // (2 * self.workers))
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("--tls-certificate and --tls-key go together, and one of them is missing")
        if self.tls_client_ca and not self.tls_certificate:
            raise ValueError(
                "--tls-client-ca asks callers for certificates; that needs --tls-certificate and --tls-key"
            )
        if self.metrics_address:
            addresses.check_metrics(self.metrics_address)
        cluster.check(self.executor, self.scheduler)
        for address in self.address:
            if self.workers > 1:
                addresses.check_shared(address)
            addresses.check(address, any_address=self.insecure_any_address or bool(self.tls_certificate))

    @classmethod
    def from_command(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
        """Read flags, then variables.

        Parameters
        ----------
        arguments
            The command line, without the name of the program.
        environment
            The environment variables.

        Raises
        ------
        SystemExit
            Status 2, with a sentence on standard error, where a value is wrong; status 0 for
            ``--help``.
        """
        parser = _parser(cls)
        given = {k: v for k, v in vars(parser.parse_args(arguments)).items() if v is not None}
        values: dict[str, Any] = {}
        for row in dataclasses.fields(cls):
            try:
                if row.name in given:
                    values[row.name] = _read(row, given[row.name])
                elif text := environment.get(variable(row.name)):
                    values[row.name] = _read(row, text.split(",") if _repeats(row) else text)
            except ValueError as error:
                source = flag(row.name) if row.name in given else variable(row.name)
                parser.error(f"{source}: {error}")
        try:
            return cls(**values)
        except ValueError as error:
            parser.error(str(error))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], asked: Callable[[str], bool]) -> Settings:
        """Read the variables of the rows that are asked for; others have their defaults.

        Raises
        ------
        ValueError
            The value of a variable, which is named, is wrong.
        """
        values: dict[str, Any] = {}
        for row in dataclasses.fields(cls):
            text = environment.get(variable(row.name)) if asked(row.name) else None
            if text:
                try:
                    values[row.name] = _read(row, text.split(",") if _repeats(row) else text)
                    _check(row, values[row.name])
                except ValueError as error:
                    raise ValueError(f"{variable(row.name)}: {error}") from None
        return cls(**values)

    def engine_limits(self) -> Limits:
        """Give the limits that the engine holds."""
        from adengine import Limits  # noqa: PLC0415  loads the kernels: --help need not wait for them

        names = {row.name for row in dataclasses.fields(Limits)}
        return Limits(**{k: v for k, v, _ in self.limits() if k in names})

    def limits(self) -> list[tuple[str, int, str]]:
        """Give each limit's name, value and sentence."""
        return [
            (row.name.removeprefix(_LIMIT), getattr(self, row.name), row.metadata["description"])
            for row in dataclasses.fields(self)
            if row.name.startswith(_LIMIT)
        ]


def flag(name: str) -> str:
    """Give the flag that sets a row.

    >>> flag("max_statements")
    '--max-statements'
    """
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Give the environment variable that sets a row.

    >>> variable("max_statements")
    'WENGERT_MAX_STATEMENTS'
    """
    return "WENGERT_" + name.upper()


def _parser(table: type[Settings]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wengert-server",
        usage="%(prog)s [--address HOST:PORT] [--FLAG VALUE ...]; --help explains every flag",
        description="Differentiates Wengert lists over gRPC. The first lines of standard output "
        "are the addresses it listens on, one each, once it is ready; logs go to standard error.",
        epilog="A flag goes before the variable beside it. Whole numbers may end in KiB, MiB or "
        "GiB. SIGTERM and SIGINT let calls in flight finish.",
        allow_abbrev=False,
    )
    for row in dataclasses.fields(table):
        default = (
            ",".join(row.default) if isinstance(row.default, tuple) else row.default if row.default != "" else "none"
        )
        sentence = f"{row.metadata['description']} [{variable(row.name)}; default {default}]"
        options: dict[str, Any] = {"help": sentence, "default": None, "metavar": "VALUE"}
        if isinstance(row.default, bool):
            options |= {"nargs": "?", "const": "true", "metavar": "BOOL"}
        elif _repeats(row):
            options |= {"action": "append"}
        elif row.metadata["choices"]:
            options |= {"metavar": "|".join(row.metadata["choices"])}
        parser.add_argument(flag(row.name), **options)
    return parser


def _repeats(row: dataclasses.Field[Any]) -> bool:
    return isinstance(row.default, tuple)


def _read(row: dataclasses.Field[Any], text: Any) -> Any:
    if _repeats(row):
        return tuple(part.strip() for part in text if part.strip())
    if isinstance(row.default, bool):
        if text.lower() not in _TRUTHS:
            raise ValueError(f"{text!r} is none of {', '.join(_TRUTHS)}")
        return _TRUTHS[text.lower()]
    if isinstance(row.default, int):
        return whole_number(text)
    if isinstance(row.default, float):
        return float(text)
    return text


def _check(row: dataclasses.Field[Any], value: Any) -> None:
    choices = row.metadata["choices"]
    if choices and value not in choices:
        raise ValueError(f"{flag(row.name)}: {value!r} is none of {', '.join(choices)}")
    counted = isinstance(value, int | float) and not isinstance(value, bool)
    least, most = row.metadata["range"]
    if counted and not least <= value <= most:
        raise ValueError(f"{flag(row.name)}: {value} is not between {least} and {most}")
    if _repeats(row) and not value:
        raise ValueError(f"{flag(row.name)}: at least one value is needed")
