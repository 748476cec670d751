"""Special points of small functions: what the policy gives when primitives meet."""

from math import cos, inf, log, nan

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter

ABOUT = (
    "Special points of composed functions: clamps, norms, branches, strong zero with its known "
    "failures, and user statements that must keep their IEEE meaning."
)


def _clamp() -> list[Case]:
    f = ListWriter()
    x = f.input("x")
    low = f.add("MAXIMUM", x, f.constant(-1.0))
    f.output("f", f.add("MINIMUM", low, f.constant(1.0)))
    rows = [(-2.0, -1.0, 0.0), (-1.0, -1.0, 0.5), (0.3, 0.3, 1.0), (1.0, 1.0, 0.5), (5.0, 1.0, 0.0)]
    return [
        expect.jacobian(f"clamp/{x:g}", "min(max(x, -1), 1)", Call(f.message, [x]), values=[y], dense=[[slope]])
        for x, y, slope in rows
    ]


def _norms() -> list[Case]:
    f = ListWriter()
    x = f.input("x", 3)
    f.output("f", f.add("SQRT", f.sum(f.add("SQUARE", x), 0)))
    g = ListWriter()
    g.output("f", g.add("SQRT", g.add("SQUARE", g.input("x"))))
    h = ListWriter()
    x = h.input("x", 3)
    mean = h.add("DIVIDE", h.sum(x, 0), h.constant(3.0))
    centred = h.add("SUBTRACT", x, mean)
    variance = h.add("DIVIDE", h.sum(h.add("SQUARE", centred), 0), h.constant(3.0))
    h.output("f", h.add("SQRT", variance))
    return [
        expect.jacobian(
            "norm/at-zero", "the norm of (0, 0, 0)", Call(f.message, [0, 0, 0]), values=[0], dense=[[0, 0, 0]]
        ),
        expect.jacobian("norm/elsewhere", "the norm of (1, 2, 2)", Call(f.message, [1, 2, 2]), values=[3]),
        expect.jacobian(
            "root-of-square/at-zero", "sqrt(x^2): the square's zero wins", Call(g.message, [0]), values=[0], dense=[[0]]
        ),
        expect.jacobian(
            "deviation/equal",
            "standard deviation of equal values",
            Call(h.message, [2, 2, 2]),
            values=[0],
            dense=[[0, 0, 0]],
        ),
    ]


def _branches() -> list[Case]:
    f = ListWriter()
    x = f.input("x")
    positive = f.add("LESS", f.constant(0.0), x)
    f.output("f", f.add("SELECT", positive, f.add("SQRT", x), f.constant(0.0)))
    g = ListWriter()
    x = g.input("x")
    positive = g.add("LESS", g.constant(0.0), x)
    g.output("f", g.add("SELECT", positive, g.add("LOG", x), g.add("MULTIPLY", g.constant(2.0), x)))
    about = "the slope of the branch not taken never leaks"
    return [
        expect.jacobian("branch/square-root/at-zero", about, Call(f.message, [0]), values=[0], dense=[[0]]),
        expect.jacobian("branch/square-root/below", about, Call(f.message, [-4]), values=[0], dense=[[0]]),
        expect.jacobian("branch/square-root/above", about, Call(f.message, [4]), values=[2], dense=[[0.25]]),
        expect.jacobian("branch/log/below", about, Call(g.message, [-3]), values=[-6], dense=[[2]]),
        expect.jacobian("branch/log/at-zero", about, Call(g.message, [0]), values=[0], dense=[[2]]),
    ]


def _leaks() -> list[Case]:
    """A branch not taken whose inner value is infinite or NaN: no partial of what follows may leak."""
    result = []
    for inner, x in (("RECIPROCAL", 0.0), ("LOG", 0.0), ("LOG", -1.0)):
        for outer in (
            "SIN",
            "COS",
            "TANH",
            "ATAN",
            "SIGMOID",
            "SOFTPLUS",
            "ABS",
            "EXP",
            "ERF",
            "SQUARE",
            "SQRT",
            "SINH",
        ):
            f = ListWriter()
            a, other = f.input("x"), f.input("other")
            value = f.add(outer, f.add(inner, a))
            chosen = f.add("SELECT", f.add("LESS", f.constant(0.0), a), value, f.constant(0.0))
            f.output("f", f.add("ADD", chosen, f.add("SIN", other)))
            label = f"branch/leak/{outer.lower()}-of-{inner.lower()}/{x:g}"
            about = f"where(0 < x, {outer}({inner}(x)), 0) + sin(other) at x = {x:g}"
            call = Call(f.message, [x, 0.5])
            result.append(expect.jacobian(label, about, call, dense=[[0, cos(0.5)]]))
    for name in ("LOGADDEXP", "COPYSIGN", "HYPOT", "ATAN2", "DIVIDE", "MAXIMUM", "REMAINDER", "POWER", "MULTIPLY"):
        f = ListWriter()
        x = f.input("x")
        value = f.add(name, f.add("LOG", x), f.add("RECIPROCAL", f.add("ADD", x, f.constant(1.0))))
        f.output("f", f.add("SELECT", f.add("LESS", f.constant(0.0), x), value, f.constant(0.0)))
        about = f"where(0 < x, {name}(log x, 1 / (x + 1)), 0) at x = -1"
        result.append(expect.jacobian(f"branch/leak/{name.lower()}", about, Call(f.message, [-1]), dense=[[0]]))
    return result


def _independent() -> list[Case]:
    """A NaN or an infinity in one input is no concern of the others."""
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    names = ["SIN", "TANH", "SIGMOID", "SOFTPLUS", "ABS", "EXP", "LOG", "SQUARE", "ERF", "RECIPROCAL", "NEGATE"]
    for name in names:
        f.output(name.lower(), f.add("ADD", f.add(name, x), y))
    about = "the derivatives by y are 1 whatever x is"
    result = []
    for value in (nan, inf, -inf):
        call = Call(f.message, [value, 2.0], with_respect_to=["y"])
        result.append(expect.jacobian(f"independent/by-y/{value:g}", about, call, dense=[[1]] * len(names)))
        result.append(expect.jacobian(f"independent/{value:g}", about, Call(f.message, [value, 2.0])))
    return result


def _powers() -> list[Case]:
    f = ListWriter()
    x, y = f.input("x"), f.input("y")
    f.output("f", f.add("POWER", x, y))
    g = ListWriter()
    g.output("f", g.add("POWER", g.input("x"), g.constant(3.0)))
    h = ListWriter()
    x = h.input("x")
    h.output("f", h.add("XLOGY", x, x))
    by_x = Call(f.message, [-2, 3], with_respect_to=["x"])
    shared = Call(f.message, [-2], shared={"y": 3})
    about = "below zero the exponent is not differentiated by, so its NaN does not appear"
    return [
        expect.jacobian("power/by-base", about, by_x, values=[-8], dense=[[12]]),
        expect.jacobian("power/shared-exponent", about, shared, values=[-8], dense=[[12]]),
        expect.jacobian("power/constant-exponent", about, Call(g.message, [-2]), values=[-8], dense=[[12]]),
        expect.jacobian("power/constant-exponent/at-zero", "x^3", Call(g.message, [0]), values=[0], dense=[[0]]),
        expect.jacobian("x-log-x/at-zero", "xlogy(x, x)", Call(h.message, [0]), values=[0], dense=[[-inf]]),
        expect.jacobian(
            "x-log-x/elsewhere", "xlogy(x, x)", Call(h.message, [2]), values=[2 * log(2)], dense=[[log(2) + 1]]
        ),
    ]


def _strong_zero() -> list[Case]:
    f = ListWriter()
    f.output("f", f.add("SQUARE", f.add("SQRT", f.input("x"))))
    g = ListWriter()
    s = g.add("SQRT", g.input("x"))
    g.output("f", g.add("SUBTRACT", s, s))
    at = Call(g.message, [0])
    known = "a known failure, stated and kept: the limit is"
    return [
        expect.jacobian("strong-zero/square-of-root", f"{known} 1", Call(f.message, [0]), values=[0], dense=[[0]]),
        expect.jvp("strong-zero/difference/forward", f"{known} 0, forward mode gives NaN", at, [1]),
        expect.vjp("strong-zero/difference/reverse", f"{known} 0, which reverse mode gives", at, [1]),
    ]


def _ieee() -> list[Case]:
    f = ListWriter()
    x = f.input("x")
    f.output("zero_times", f.add("MULTIPLY", f.constant(0.0), x))
    f.output("minus_itself", f.add("SUBTRACT", x, x))
    f.output("over_itself", f.add("DIVIDE", x, x))
    f.output("plus_zero", f.add("ADD", x, f.constant(0.0)))
    about = "a user's 0 x, x - x and x / x are computed, not simplified"
    g = ListWriter()
    g.output("plus", g.add("RECIPROCAL", g.constant(0.0)))
    g.output("minus", g.add("RECIPROCAL", g.constant(-0.0)))
    g.output("quotient", g.add("DIVIDE", g.constant(0.0), g.constant(0.0)))
    g.output("overflow", g.add("EXP", g.constant(710.0)))
    g.output("underflow", g.add("EXP", g.constant(-746.0)))
    g.output("product", g.add("MULTIPLY", g.constant(1e200), g.constant(1e200)))
    h = ListWriter()
    x = h.input("x")
    for name in ("FLOOR", "CEIL", "ROUND", "TRUNC", "NEGATE", "SQRT", "SIN", "CBRT"):
        h.output(name.lower(), h.add("RECIPROCAL", h.add(name, x)))
    signs = "the sign of a zero shows in its reciprocal"
    return [
        *[
            expect.evaluate(f"ieee/no-algebra/{x:g}", about, Call(f.message, [x]), values=values)
            for x, values in (
                (inf, [nan, nan, nan, inf]),
                (0.0, [0, 0, nan, 0]),
                (nan, [nan] * 4),
                (2.0, [0, 0, 1, 2]),
            )
        ],
        expect.evaluate(
            "ieee/constants",
            "0 and -0 are different constants; overflow is infinity, underflow 0",
            Call(g.message, None),
            values=[inf, -inf, nan, inf, 0, inf],
        ),
        expect.evaluate(
            "ieee/minus-zero",
            signs,
            Call(h.message, [-0.0]),
            values=[-inf, -inf, -inf, -inf, inf, -inf, -inf, -inf],
        ),
        expect.evaluate(
            "ieee/plus-zero",
            signs,
            Call(h.message, [0.0]),
            values=[inf, inf, inf, inf, -inf, inf, inf, inf],
        ),
    ]


def cases() -> list[Case]:
    return [*_clamp(), *_norms(), *_branches(), *_leaks(), *_independent(), *_powers(), *_strong_zero(), *_ieee()]
