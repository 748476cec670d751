"""What a server is to make ready: the message of the contract, from a caller's arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from wengert.v1 import Derivative, Layout, Mode, NumericalCall, Preparation
from wengert_client._signature import names, refuse

if TYPE_CHECKING:
    from wengert_client._signature import Signature

__all__ = [
    "MODES",
    "CallName",
    "DerivativeName",
    "ModeName",
    "Names",
    "derivative_number",
    "mode_number",
    "preparation",
]

Names: TypeAlias = "str | Iterable[str]"
ModeName: TypeAlias = Literal["auto", "forward", "reverse"]
CallName: TypeAlias = Literal[
    "value", "jvp", "vjp", "jacobian", "gradient", "sparse_jacobian", "hessian", "sparse_hessian", "hvp"
]
DerivativeName: TypeAlias = Literal["dual", "adjoint", "jacobian", "hessian"]

MODES: Mapping[str, Mode.ValueType] = {
    "auto": Mode.MODE_AUTO,
    "forward": Mode.MODE_FORWARD,
    "reverse": Mode.MODE_REVERSE,
}
_CALLS: Mapping[str, NumericalCall.ValueType] = {
    "value": NumericalCall.NUMERICAL_CALL_EVALUATE,
    "jvp": NumericalCall.NUMERICAL_CALL_JVP,
    "vjp": NumericalCall.NUMERICAL_CALL_VJP,
    "jacobian": NumericalCall.NUMERICAL_CALL_JACOBIAN,
    "gradient": NumericalCall.NUMERICAL_CALL_JACOBIAN,
    "sparse_jacobian": NumericalCall.NUMERICAL_CALL_JACOBIAN,
    "hessian": NumericalCall.NUMERICAL_CALL_HESSIAN,
    "sparse_hessian": NumericalCall.NUMERICAL_CALL_HESSIAN,
    "hvp": NumericalCall.NUMERICAL_CALL_HVP,
}
_DERIVATIVES: Mapping[str, Derivative.ValueType] = {
    "dual": Derivative.DERIVATIVE_DUAL,
    "adjoint": Derivative.DERIVATIVE_ADJOINT,
    "jacobian": Derivative.DERIVATIVE_JACOBIAN,
    "hessian": Derivative.DERIVATIVE_HESSIAN,
}
_MOST = 2**64 - 1


def mode_number(mode: str) -> Mode.ValueType:
    """Give the contract's number of a mode."""
    if mode not in MODES:
        refuse("MALFORMED_REQUEST", "mode", f"the mode is {mode!r}; expected is one of {', '.join(MODES)}")
    return MODES[mode]


def derivative_number(derivative: str) -> Derivative.ValueType:
    """Give the contract's number of a derivative list."""
    if derivative not in _DERIVATIVES:
        expected = ", ".join(_DERIVATIVES)
        refuse("MALFORMED_REQUEST", "derivative", f"the derivative is {derivative!r}; expected is one of {expected}")
    return _DERIVATIVES[derivative]


def preparation(
    signature: Signature,
    call: str,
    points: int,
    directions: int,
    shared: Names | None,
    outputs: Names | None,
    with_respect_to: Names | None,
    mode: str,
) -> Preparation:
    """Give the message; inputs with a default are shared where nothing is said of sharing, as in calls."""
    if call not in _CALLS:
        told = f"the call is {call!r}; expected is one of {', '.join(_CALLS)}"
        refuse("MALFORMED_REQUEST", "prepare[0].call", told)
    for field, count in (("points", points), ("directions", directions)):
        if not 1 <= count <= _MOST:
            refuse(
                "MALFORMED_REQUEST", f"prepare[0].{field}", f"{field} is {count}; 1 or more are expected, below 2^64"
            )
    defaults = [each.name for each in signature.inputs if each.default is not None]
    return Preparation(
        call=_CALLS[call],
        points=points,
        directions=directions,
        shared=defaults if shared is None else names(shared),
        outputs=names(outputs),
        with_respect_to=names(with_respect_to),
        mode=mode_number(mode),
        layout=Layout.LAYOUT_SPARSE if call.startswith("sparse_") else Layout.LAYOUT_UNSPECIFIED,
    )
