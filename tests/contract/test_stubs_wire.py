"""Names, numbers and types of the contract, written down a second time: none may move unnoticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto

import wengert.v1
from wengert.v1 import Derivative, Layout, Mode, Primitive, service_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

CALL = "FunctionSource function = 1; Tensor points = 2; Binding* shared = 3; string* outputs = 4; "
DERIVATIVE_CALL = CALL + "string* with_respect_to = 5; "
SELECTION = "string* outputs = 4; string* with_respect_to = 5; "
LAYOUT = "Layout layout = 7; bool values_only = 8; bytes known_pattern = 9"
SOURCE = "FunctionSource function = 1"

MESSAGES = {
    "Tensor": "uint64* shape = 1; double* values = 2",
    "SparseMatrix": "uint64 rows = 1; uint64 columns = 2; uint32* row = 3; uint32* column = 4; Tensor values = 5; "
    "bytes digest = 6",
    "WengertList": "Input* inputs = 1; Primitive* primitives = 2; sint32* arguments = 3; "
    "double* constants = 4; Tensor* tensors = 5; sint64* parameters = 6; Output* outputs = 7; "
    "WengertList* bodies = 8; Label* labels = 9",
    "Input": "string name = 1; uint64* shape = 2; Tensor default_value = 3",
    "Output": "string name = 1; sint32 argument = 2",
    "Label": "uint32 variable = 1; string name = 2",
    "FunctionSource": "source: string id = 1; source: WengertList list = 2; source: string text = 3",
    "FunctionInfo": "string id = 1; uint64 n = 2; uint64 m = 3; uint64 statements = 4; "
    "Input* inputs = 5; OutputInfo* outputs = 6",
    "OutputInfo": "string name = 1; uint64* shape = 2",
    "Binding": "string input = 1; Tensor value = 2",
    "Report": "Mode mode = 1; uint64 sweeps = 2; uint64 operations = 3; "
    "uint64 primal_operations = 4; double seconds = 5; string reason = 6; string tier = 7",
    "CallError": "int32 code = 1; string message = 2; string reason = 3; string field = 4",
    "RegisterRequest": SOURCE + "; Preparation* prepare = 2",
    "Preparation": "NumericalCall call = 1; uint64 points = 2; string* shared = 3; " + SELECTION + "Mode mode = 6; "
    "uint64 directions = 7; Layout layout = 8",
    "RegisterResponse": "FunctionInfo info = 1",
    "DescribeRequest": SOURCE + "; bool with_list = 2; bool with_text = 3",
    "DescribeResponse": "FunctionInfo info = 1; WengertList list = 2; string text = 3",
    "ForgetRequest": "string id = 1",
    "ForgetResponse": "bool held = 1",
    "EvaluateRequest": CALL.removesuffix("; "),
    "EvaluateResponse": "Tensor values = 1; Report report = 15",
    "JvpRequest": DERIVATIVE_CALL + "Tensor tangents = 6",
    "JvpResponse": "Tensor values = 1; Tensor tangents = 2; Report report = 15",
    "VjpRequest": DERIVATIVE_CALL + "Tensor cotangents = 6",
    "VjpResponse": "Tensor values = 1; Tensor cotangents = 2; Report report = 15",
    "JacobianRequest": DERIVATIVE_CALL + "Mode mode = 6; " + LAYOUT,
    "JacobianResponse": "Tensor values = 1; jacobian: Tensor dense = 2; "
    "jacobian: SparseMatrix sparse = 3; Report report = 15",
    "HessianRequest": DERIVATIVE_CALL + "Tensor weights = 6; " + LAYOUT,
    "HessianResponse": "Tensor values = 1; Tensor gradient = 2; hessian: Tensor dense = 3; "
    "hessian: SparseMatrix sparse = 4; Report report = 15",
    "HvpRequest": DERIVATIVE_CALL + "Tensor weights = 6; Tensor tangents = 7",
    "HvpResponse": "Tensor values = 1; Tensor gradient = 2; Tensor products = 3; Report report = 15",
    "SparsityRequest": SOURCE + "; " + SELECTION + "bool hessian = 6",
    "SparsityResponse": "SparseMatrix pattern = 1; uint32* colors = 2",
    "StreamJacobianRequest": "JacobianRequest request = 1; uint32 block_bytes = 2",
    "StreamJacobianResponse": "Tensor values = 1; uint64* shape = 2; uint64 offset = 3; "
    "double* entries = 4; Report report = 15",
    "SessionRequest": "uint64 call = 1; request: EvaluateRequest evaluate = 2; "
    "request: JvpRequest jvp = 3; request: VjpRequest vjp = 4; "
    "request: JacobianRequest jacobian = 5; request: HessianRequest hessian = 6; "
    "request: HvpRequest hvp = 7",
    "SessionResponse": "uint64 call = 1; response: EvaluateResponse evaluate = 2; "
    "response: JvpResponse jvp = 3; response: VjpResponse vjp = 4; "
    "response: JacobianResponse jacobian = 5; response: HessianResponse hessian = 6; "
    "response: HvpResponse hvp = 7; CallError error = 15",
    "DifferentiateRequest": SOURCE + "; Derivative derivative = 2; " + SELECTION.removesuffix("; "),
    "DifferentiateResponse": "WengertList list = 1",
    "ExplainRequest": DERIVATIVE_CALL + "Tensor tangents = 6; Tensor cotangents = 7",
    "ExplainResponse": "ExplainedList primal = 1; ExplainedList dual = 2; ExplainedList adjoint = 3",
    "ExplainedList": "WengertList list = 1; ExplainedVariable* variables = 2; uint64 operations = 3",
    "ExplainedVariable": "uint32 variable = 1; string name = 2; string expression = 3; Tensor value = 4",
    "GetCapabilitiesRequest": "",
    "GetCapabilitiesResponse": "string version = 1; Limit* limits = 2; Primitive* primitives = 3; "
    "string* tiers = 4; uint32 cores = 5; string* rpcs = 6; string vector_functions = 7",
    "Limit": "string name = 1; uint64 value = 2; string description = 3",
}

# First number of each group; inside a group the numbers run on.
PRIMITIVES = {
    1: "CONSTANT",
    10: "ADD SUBTRACT MULTIPLY DIVIDE NEGATE RECIPROCAL SQUARE POWER INTEGER_POWER FMA ZERO_SAFE_MULTIPLY",
    30: "SQRT CBRT ABS SIGN HYPOT",
    40: "EXP EXP2 EXPM1 LOG LOG2 LOG10 LOG1P LOGADDEXP",
    60: "SIN COS TAN ASIN ACOS ATAN ATAN2 SINH COSH TANH ASINH ACOSH ATANH",
    80: "FLOOR CEIL ROUND TRUNC REMAINDER FMOD COPYSIGN",
    100: "MINIMUM MAXIMUM SELECT LESS LESS_EQUAL EQUAL NOT_EQUAL AND OR NOT",
    120: "ERF ERFC ERFINV LGAMMA POLYGAMMA SIGMOID SOFTPLUS NDTR LOG_NDTR XLOGY",
    140: "RESHAPE BROADCAST TRANSPOSE SLICE CONCATENATE GATHER SCATTER_ADD",
    160: "SUM PROD MAX MIN LOGSUMEXP CUMSUM",
    180: "MATMUL SOLVE CHOLESKY TRIANGULAR_SOLVE SLOGDET TRIL",
    200: "CALL SCAN",
    220: "POSITIVE_RECIPROCAL STEP SHIFTED_EXP POWER_LOG EXP_SHARE FLOOR_QUOTIENT ZERO_SAFE_MATMUL",
}

RPCS = [
    "Register",
    "Describe",
    "Forget",
    "Evaluate",
    "Jvp",
    "Vjp",
    "Jacobian",
    "Hessian",
    "Hvp",
    "Sparsity",
    "StreamJacobian",
    "Session",
    "Differentiate",
    "Explain",
    "GetCapabilities",
]
STREAMS = {"StreamJacobian": (False, True), "Session": (True, True)}


def declaration(field: FieldDescriptor) -> str:
    """Write a field as the table above does: a star for repeated, the oneof's name first."""
    scalars = {1: "double", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 12: "bytes", 13: "uint32"}
    scalars |= {17: "sint32", 18: "sint64"}
    of = field.message_type or field.enum_type
    kind = of.name if of is not None else scalars[field.type]
    group = f"{field.containing_oneof.name}: " if field.containing_oneof else ""
    return f"{group}{kind}{'*' if field.is_repeated else ''} {field.name} = {field.number}"


def descriptors() -> dict[str, Descriptor]:
    exported = (getattr(wengert.v1, name).DESCRIPTOR for name in wengert.v1.__all__)
    return {each.name: each for each in exported if hasattr(each, "fields")}


def test_the_messages_are_those_of_the_table() -> None:
    assert set(descriptors()) == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_fields_keep_their_names_numbers_and_types(name: str) -> None:
    message = descriptors()[name]
    assert "; ".join(declaration(field) for field in message.fields) == MESSAGES[name]


def test_primitives_keep_their_numbers() -> None:
    expected = {"PRIMITIVE_UNSPECIFIED": 0}
    for first, words in PRIMITIVES.items():
        expected |= {f"PRIMITIVE_{word}": first + i for i, word in enumerate(words.split())}
    assert dict(Primitive.items()) == expected


@pytest.mark.parametrize(
    ("enum", "words"),
    [
        (Mode, "MODE: UNSPECIFIED AUTO FORWARD REVERSE"),
        (Layout, "LAYOUT: UNSPECIFIED DENSE SPARSE"),
        (Derivative, "DERIVATIVE: UNSPECIFIED DUAL ADJOINT JACOBIAN HESSIAN"),
    ],
)
def test_enums_keep_their_numbers(enum: type[Mode | Layout | Derivative], words: str) -> None:
    prefix, *values = re.findall(r"\w+", words)
    assert enum.items() == [(f"{prefix}_{value}", i) for i, value in enumerate(values)]


def test_the_service_has_its_rpcs() -> None:
    service = service_pb2.DESCRIPTOR.services_by_name["DifferentiationService"]
    assert service.full_name == "wengert.v1.DifferentiationService"
    assert [method.name for method in service.methods] == RPCS
    for method in service.methods:
        streams = (method.client_streaming, method.server_streaming)
        assert streams == STREAMS.get(method.name, (False, False))
        assert method.input_type.name == f"{method.name}Request"
        assert method.output_type.name == f"{method.name}Response"


def test_a_tensor_keeps_room_to_grow() -> None:
    message = DescriptorProto()
    wengert.v1.Tensor.DESCRIPTOR.CopyToProto(message)
    assert [(span.start, span.end) for span in message.reserved_range] == [(3, 10)]
