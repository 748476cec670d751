"""Differentiation as a service: send a function as a Wengert list, get its derivatives as arrays.

Write the list with operators and NumPy's functions; it is data, and nothing is computed yet:

>>> import numpy as np
>>> from wengert_client import Client, ListBuilder
>>> b = ListBuilder()
>>> y, mu, sigma = b.inputs("y", "mu", "sigma")
>>> b.output("log_density", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
>>> b.statements
6

Then have a server differentiate it::

    with Client("localhost:50051") as client:
        f = client.function(b)
        f.value([1.0, 0.0, 1.0])                # array([-0.5])
        f.gradient([1.0, 0.0, 1.0])             # array([-1.,  1.,  0.])
        f.gradient(y=1.0, mu=0.0, sigma=1.0)    # the same, by name
        f.gradient(np.ones((1000, 3)))          # at 1000 points: shape (1000, 3)
        value, jacobian = f.value_and_jacobian([1.0, 0.0, 1.0], mode="forward")

:class:`Client` tells where servers are and what is repeated, :class:`Function` what can be asked of a
function, :class:`ListBuilder` and :mod:`wengert_client.ops` how lists are written, and
:class:`WengertError` what can go wrong.
"""

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
