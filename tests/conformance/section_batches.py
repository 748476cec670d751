"""K points and p directions: every shape of the contract's rules."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter
from wengert.v1 import Input, Output, Primitive, WengertList

ABOUT = "One point and K points, one direction and p directions, in every shape that is allowed."


def _function() -> WengertList:
    """Return (x0 x1 + s, sin(s) x1) with x of shape (2,) and a scalar s: n = 3, m = 2."""
    f = ListWriter()
    x, s = f.input("x", 2), f.input("s")
    first = f.add("GATHER", x, parameters=[0, 0, 0])
    second = f.add("GATHER", x, parameters=[0, 0, 1])
    f.output("p", f.add("ADD", f.add("MULTIPLY", first, second), s))
    f.output("q", f.add("MULTIPLY", f.add("SIN", s), second))
    return f.message


def _scalar_function() -> WengertList:
    """Return x y: m = 1."""
    return WengertList(
        inputs=[Input(name="x"), Input(name="y")],
        primitives=[Primitive.PRIMITIVE_MULTIPLY],
        arguments=[1, 2],
        outputs=[Output(name="f", argument=3)],
    )


POINT = [0.5, -1.25, 2.0]
POINTS = [[0.5, -1.25, 2.0], [1.0, 3.0, -0.5], [0.0, 0.25, 0.75], [-2.0, 1.5, 0.0]]


def _directions(shape: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return directions of this shape, zeros among them."""
    size = int(np.prod(tuple(shape), dtype=np.int64))
    return np.array([((3 * i + 1) % 8) / 2 - 1.5 for i in range(size)]).reshape(tuple(shape))


def _directed() -> list[Case]:
    result = []
    forms: list[tuple[str, list[float] | list[list[float]], list[tuple[int, ...]]]] = [
        ("one-point", POINT, [(), (4,), (1,), (9,)]),
        ("batch-of-one", POINTS[:1], [(), (1, 4)]),
        ("batch", POINTS, [(), (1, 4), (4, 4), (1, 1), (4, 1), (4, 9)]),
    ]
    for label, points, leads in forms:
        call = Call(_function(), points)
        for lead in leads:
            spelled = "x".join(map(str, lead)) or "one"
            about = f"directions of shape {lead} and the length, {label.replace('-', ' ')}"
            result.append(expect.jvp(f"jvp/{label}/{spelled}", about, call, _directions((*lead, 3))))
            result.append(expect.vjp(f"vjp/{label}/{spelled}", about, call, _directions((*lead, 2))))
    return result


def _without_cotangents() -> list[Case]:
    f = _scalar_function()
    return [
        expect.vjp("vjp/absent/one-point", "m = 1: absent means 1", Call(f, [3.0, -2.0]), None),
        expect.vjp(
            "vjp/absent/batch", "m = 1: absent means 1, at every point", Call(f, [[3.0, -2.0], [0.5, 4.0]]), None
        ),
        expect.vjp(
            "vjp/absent/one-output-chosen",
            "one output of two chosen: m = 1",
            Call(_function(), POINT, outputs=["q"]),
            None,
        ),
    ]


def _without_shape() -> list[Case]:
    """Points and directions without a shape are one-dimensional."""
    call = Call(_scalar_function(), [3.0, -2.0])
    result = []
    for case in (
        expect.jvp("shapeless/jvp", "points and tangents without a shape", call, [1.0, 0.5]),
        expect.vjp("shapeless/vjp", "points and cotangents without a shape", call, [2.0]),
    ):
        for name in ("points", "tangents", "cotangents"):
            if name in case.request.DESCRIPTOR.fields_by_name and case.request.HasField(name):  # type: ignore[union-attr]
                getattr(case.request, name).ClearField("shape")
        result.append(case)
    f = ListWriter()
    f.output("f", f.add("EXP", f.input("x")))
    one = expect.jacobian("shapeless/one-value", "one value without a shape is (1,)", Call(f.message, [0.5]))
    one.request.points.ClearField("shape")  # type: ignore[union-attr]
    return [*result, one]


def cases() -> list[Case]:
    f = _function()
    many = [[0.01 * k, 1.0 - 0.02 * k, 0.5] for k in range(70)]
    return [
        expect.evaluate("evaluate/one-point", "(n,) gives (m,)", Call(f, POINT)),
        expect.evaluate("evaluate/batch", "(K, n) gives (K, m)", Call(f, POINTS)),
        expect.evaluate("evaluate/batch-of-one", "(1, n) gives (1, m)", Call(f, POINTS[:1])),
        expect.evaluate("evaluate/many", "more points than any block of lanes", Call(f, many)),
        expect.jacobian("jacobian/one-point", "(n,) gives (m, n)", Call(f, POINT)),
        expect.jacobian("jacobian/batch", "(K, n) gives (K, m, n)", Call(f, POINTS)),
        expect.jacobian("jacobian/batch-of-one", "(1, n) gives (1, m, n)", Call(f, POINTS[:1])),
        expect.jacobian("jacobian/many", "more points than any block of lanes", Call(f, many[:37])),
        *_directed(),
        *_without_cotangents(),
        *_without_shape(),
    ]
