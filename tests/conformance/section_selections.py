"""Shared inputs, chosen outputs, with_respect_to: what they pick, and in which order."""

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter
from wengert.v1 import Label, WengertList

ABOUT = "Shared inputs, chosen outputs and with_respect_to, alone and together."


def _function() -> WengertList:
    """Return three outputs of a (2,), k () and t (3,): sizes 2, 1 and 3."""
    f = ListWriter()
    a, k, t = f.input("a", 2), f.input("k", default=0.25), f.input("t", 3)
    f.output("outer", f.add("MULTIPLY", f.add("RESHAPE", a, parameters=[2, 2, 1]), t))
    f.output("scaled", f.add("EXP", f.add("MULTIPLY", k, t)))
    f.output("total", f.add("ADD", f.sum(a, 0), k))
    return f.message


A, K, T = [1.5, -0.5], 0.8, [0.25, 2.0, -1.0]
ALL = [*A, K, *T]


def _shared() -> list[Case]:
    f = _function()
    return [
        expect.jacobian("shared/middle", "k shared: x is a, then t", Call(f, [*A, *T], shared={"k": K})),
        expect.jacobian("shared/two", "t and k shared, named in another order", Call(f, A, shared={"t": T, "k": K})),
        expect.jacobian(
            "shared/batch",
            "one value for all points",
            Call(f, [[*A, *T], [0.1, 0.2, 0.3, 0.4, 0.5]], shared={"k": K}),
        ),
        expect.evaluate(
            "shared/all/no-points", "all shared: points may be absent", Call(f, None, shared={"a": A, "k": K, "t": T})
        ),
        expect.jacobian(
            "shared/all/differentiated",
            "a shared input may be differentiated by",
            Call(f, None, shared={"a": A, "k": K, "t": T}, with_respect_to=["k", "a"]),
        ),
        expect.jacobian(
            "shared/one/differentiated",
            "by a shared input and one that is not",
            Call(f, [[*A, *T], [0.1, 0.2, 0.3, 0.4, 0.5]], shared={"k": K}, with_respect_to=["k", "t"]),
        ),
        expect.jacobian(
            "shared/all/batch",
            "all shared: (K, 0) points answer K times",
            Call(f, [[], [], []], shared={"a": A, "k": K, "t": T}, with_respect_to=["k"]),
        ),
    ]


def _selected() -> list[Case]:
    f = _function()
    one_point = Call(f, ALL, outputs=["total", "scaled"], with_respect_to=["t", "k"])
    together = Call(
        f,
        [[*A, *T], [0.1, 0.2, 0.3, 0.4, 0.5]],
        shared={"k": K},
        outputs=["scaled"],
        with_respect_to=["t", "k"],
    )
    return [
        expect.evaluate("outputs/one", "one output", Call(f, ALL, outputs=["scaled"])),
        expect.evaluate(
            "outputs/reordered", "outputs in the order asked for", Call(f, ALL, outputs=["total", "outer"])
        ),
        expect.jacobian(
            "with-respect-to/reordered", "columns in the order asked for", Call(f, ALL, with_respect_to=["t", "a"])
        ),
        expect.jacobian(
            "with-respect-to/untouched",
            "an output that does not depend on the selection: zeros",
            Call(f, ALL, outputs=["total"], with_respect_to=["t"]),
        ),
        expect.jacobian("together/jacobian", "everything selected", together),
        expect.jvp("together/jvp", "tangents have the selection's length", one_point, [1.0, -1.0, 0.5, 2.0]),
        expect.vjp("together/vjp", "cotangents have the chosen outputs' length", one_point, [1.0, 0.5, -1.0, 2.0]),
        expect.jvp(
            "together/jvp/batch",
            "p directions at each point",
            together,
            [[[1.0, 0.0, 0.0, 2.0], [0.0, 1.0, -1.0, 0.0]], [[0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]]],
        ),
        expect.vjp("together/vjp/batch", "p for all points", together, [[[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]]]),
    ]


def _legal() -> list[Case]:
    """Lists that look odd and are legal."""
    f = ListWriter()
    x, unused = f.input("x"), f.input("unused", 2)
    f.add("LOG", unused)
    f.array([1.0, 2.0])
    f.message.tensors.add(shape=[1], values=[5.0])
    square = f.add("SQUARE", x)
    f.output("x", x)
    f.output("constant", f.constant(4.5))
    f.output("twice", square)
    f.output("again.twice", square)
    f.message.bodies.add().outputs.add(name="never", argument=-1)
    f.message.bodies[0].constants.append(1.0)
    f.message.labels.append(Label(variable=square, name="square"))
    long = ListWriter()
    names = ["a" * 255, "_", "A9_.b.C_0", f"{'x.' * 127}x"]
    variables = [long.input(name) for name in names]
    for name, variable in zip(reversed(names), variables, strict=True):
        long.output(name, variable)
    nothing = ListWriter()
    nothing.output("five", nothing.constant(5.0))
    same = ListWriter()
    same.output("y", same.input("x", 2, 2))
    about = "outputs that are inputs, constants and one variable twice; dead statements; unused parts"
    return [
        expect.jacobian("legal/odd-list", about, Call(f.message, [3.0, 1.0, -1.0])),
        expect.jacobian(
            "legal/names", "names of 255 bytes, and outputs called as inputs are", Call(long.message, [1.0] * 4)
        ),
        expect.evaluate("legal/no-inputs", "n = 0: a constant", Call(nothing.message, None)),
        expect.jacobian("legal/no-statements", "the identity", Call(same.message, [1.0, 2.0, 3.0, 4.0])),
    ]


def cases() -> list[Case]:
    return [*_shared(), *_selected(), *_legal()]
