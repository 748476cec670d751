"""Version 1 of the contract: every message and enum by its name.

The .proto files beside this one are the contract; they say what each field means. Messages need
protobuf alone. The service's stub and servicer are in :mod:`wengert.v1.service_pb2_grpc`, which
needs grpcio; :mod:`wengert.v1.tensors` moves NumPy arrays into and out of ``Tensor`` fast.

>>> from wengert.v1 import Input, Output, Primitive, WengertList
>>> f = WengertList(
...     inputs=[Input(name="x"), Input(name="y")],
...     primitives=[Primitive.PRIMITIVE_MULTIPLY, Primitive.PRIMITIVE_SIN, Primitive.PRIMITIVE_ADD],
...     arguments=[1, 2, 1, 3, 4],
...     outputs=[Output(name="f", argument=5)],
... )
>>> len(f.primitives)
3
"""

from wengert.v1.calls_pb2 import (
    Binding,
    CallError,
    Layout,
    Mode,
    NumericalCall,
    Report,
)
from wengert.v1.capabilities_pb2 import (
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    Limit,
)
from wengert.v1.derivatives_pb2 import (
    EvaluateRequest,
    EvaluateResponse,
    HessianRequest,
    HessianResponse,
    HvpRequest,
    HvpResponse,
    JacobianRequest,
    JacobianResponse,
    JvpRequest,
    JvpResponse,
    SparsityRequest,
    SparsityResponse,
    VjpRequest,
    VjpResponse,
)
from wengert.v1.functions_pb2 import (
    DescribeRequest,
    DescribeResponse,
    ForgetRequest,
    ForgetResponse,
    FunctionInfo,
    FunctionSource,
    OutputInfo,
    Preparation,
    RegisterRequest,
    RegisterResponse,
)
from wengert.v1.primitive_pb2 import (
    Primitive,
)
from wengert.v1.programs_pb2 import (
    Derivative,
    DifferentiateRequest,
    DifferentiateResponse,
    ExplainedList,
    ExplainedVariable,
    ExplainRequest,
    ExplainResponse,
)
from wengert.v1.streams_pb2 import (
    SessionRequest,
    SessionResponse,
    StreamJacobianRequest,
    StreamJacobianResponse,
)
from wengert.v1.tensor_pb2 import (
    SparseMatrix,
    Tensor,
)
from wengert.v1.wengert_list_pb2 import (
    Input,
    Label,
    Output,
    WengertList,
)

__all__ = [
    "Binding",
    "CallError",
    "Derivative",
    "DescribeRequest",
    "DescribeResponse",
    "DifferentiateRequest",
    "DifferentiateResponse",
    "EvaluateRequest",
    "EvaluateResponse",
    "ExplainRequest",
    "ExplainResponse",
    "ExplainedList",
    "ExplainedVariable",
    "ForgetRequest",
    "ForgetResponse",
    "FunctionInfo",
    "FunctionSource",
    "GetCapabilitiesRequest",
    "GetCapabilitiesResponse",
    "HessianRequest",
    "HessianResponse",
    "HvpRequest",
    "HvpResponse",
    "Input",
    "JacobianRequest",
    "JacobianResponse",
    "JvpRequest",
    "JvpResponse",
    "Label",
    "Layout",
    "Limit",
    "Mode",
    "NumericalCall",
    "Output",
    "OutputInfo",
    "Preparation",
    "Primitive",
    "RegisterRequest",
    "RegisterResponse",
    "Report",
    "SessionRequest",
    "SessionResponse",
    "SparseMatrix",
    "SparsityRequest",
    "SparsityResponse",
    "StreamJacobianRequest",
    "StreamJacobianResponse",
    "Tensor",
    "VjpRequest",
    "VjpResponse",
    "WengertList",
]
