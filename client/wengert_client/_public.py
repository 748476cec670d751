"""What ``wengert_client`` gives: the names, and where each is."""

from wengert_client import ops
from wengert_client._async_client import AsyncClient
from wengert_client._async_function import AsyncFunction
from wengert_client._async_session import AsyncSession, AsyncSessionFunction
from wengert_client._blockwise import Block
from wengert_client._builder import ListBuilder
from wengert_client._check_gradient import check_gradient
from wengert_client._check_results import Check, GradientCheck, OutputCheck
from wengert_client._client import Client
from wengert_client._errors import (
    BuildError,
    Cancelled,
    ClientClosed,
    ConfigurationError,
    DeadlineExceeded,
    IndexOutOfRange,
    InvalidRequest,
    LimitExceeded,
    MissingDependency,
    NoSuchMethod,
    NotANumber,
    ServerFault,
    ServiceError,
    ShapeError,
    Unauthenticated,
    Unavailable,
    UnknownFunction,
    Unsupported,
    Violation,
    WengertError,
)
from wengert_client._function import Function
from wengert_client._patterns import Sparsity
from wengert_client._results import (
    Capabilities,
    FunctionInfo,
    InputInfo,
    OutputInfo,
    Report,
    ValueAndDerivative,
    ValueAndSparseDerivative,
    ValueGradientAndSecond,
)
from wengert_client._session import Session, SessionFunction
from wengert_client._tls import Tls
from wengert_client._traced import TracedFunction
from wengert_client._tracing import Trace, trace
from wengert_client._variable import Variable

__all__ = [
    "AsyncClient",
    "AsyncFunction",
    "AsyncSession",
    "AsyncSessionFunction",
    "Block",
    "BuildError",
    "Cancelled",
    "Capabilities",
    "Check",
    "Client",
    "ClientClosed",
    "ConfigurationError",
    "DeadlineExceeded",
    "Function",
    "FunctionInfo",
    "GradientCheck",
    "IndexOutOfRange",
    "InputInfo",
    "InvalidRequest",
    "LimitExceeded",
    "ListBuilder",
    "MissingDependency",
    "NoSuchMethod",
    "NotANumber",
    "OutputCheck",
    "OutputInfo",
    "Report",
    "ServerFault",
    "ServiceError",
    "Session",
    "SessionFunction",
    "ShapeError",
    "Sparsity",
    "Tls",
    "Trace",
    "TracedFunction",
    "Unauthenticated",
    "Unavailable",
    "UnknownFunction",
    "Unsupported",
    "ValueAndDerivative",
    "ValueAndSparseDerivative",
    "ValueGradientAndSecond",
    "Variable",
    "Violation",
    "WengertError",
    "check_gradient",
    "ops",
    "trace",
]
