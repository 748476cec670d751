"""The functions of the lecture and of the survey: every w_k an output, published numbers literal."""

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.wire_lists import ListWriter
from wengert.v1 import WengertList

ABOUT = "Small functions worked by hand in textbooks; every w_k is an output, named w1, w2, ..."


def _every_variable(writer: ListWriter, name: str) -> WengertList:
    """Name the last variable as the function, and every variable beside it."""
    count = len(writer.message.inputs) + len(writer.message.primitives)
    writer.output(name, count)
    for k in range(1, count + 1):
        writer.output(f"w{k}", k)
    return writer.message


def product_plus_sine() -> WengertList:
    """Return x1 x2 + sin x1."""
    f = ListWriter()
    x1, x2 = f.input("x1"), f.input("x2")
    f.add("ADD", f.add("MULTIPLY", x1, x2), f.add("SIN", x1))
    return _every_variable(f, "f")


def normal_log_density() -> WengertList:
    """Return -((y - mu) / sigma)^2 / 2 - log sigma: nine lines, w_1 to w_9."""
    g = ListWriter()
    y, mu, sigma = g.input("y"), g.input("mu"), g.input("sigma")
    square = g.add("SQUARE", g.add("DIVIDE", g.add("SUBTRACT", y, mu), sigma))
    product = g.add("MULTIPLY", g.constant(-0.5), square)
    g.add("SUBTRACT", product, g.add("LOG", sigma))
    return _every_variable(g, "g")


def survey_example() -> WengertList:
    """Return ln x1 + x1 x2 - sin x2 (Baydin et al. 2018, tables 2 and 3)."""
    f = ListWriter()
    x1, x2 = f.input("x1"), f.input("x2")
    total = f.add("ADD", f.add("LOG", x1), f.add("MULTIPLY", x1, x2))
    f.add("SUBTRACT", total, f.add("SIN", x2))
    return _every_variable(f, "f")


def _normal_cases() -> list[Case]:
    g = normal_log_density()
    at = Call(g, [1.0, 0.0, 1.0])
    # g, then w_1 to w_9 of the textbook
    values = [-0.5, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, -0.5, 0.0, -0.5]
    rows = [
        [-1, 1, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [1, -1, 0],
        [1, -1, -1],
        [2, -2, -2],
        [-1, 1, 1],
        [0, 0, 1],
        [-1, 1, 0],
    ]
    only = Call(g, [1.0, 0.0, 1.0], outputs=["g"])
    return [
        expect.evaluate("normal/values", "w_1 ... w_9 at (1, 0, 1)", at, values=values),
        expect.jacobian("normal/jacobian", "dual list: every tangent", at, values=values, dense=rows),
        expect.jacobian("normal/gradient", "the gradient is (-1, 1, 0)", only, values=[-0.5], dense=[[-1, 1, 0]]),
        expect.jvp("normal/tangent", "one direction through the dual list", at, [0.0, 1.0, 0.0]),
        expect.vjp("normal/adjoint", "one cotangent through the adjoint list", only, [1.0]),
        expect.vjp("normal/adjoint-of-one", "m = 1: absent cotangents mean 1", only, None),
        expect.jacobian("normal/elsewhere", "an ordinary point", Call(g, [0.7, -0.4, 1.3])),
    ]


def cases() -> list[Case]:
    f, survey = product_plus_sine(), survey_example()
    at = Call(f, [2.0, 3.0])
    published = Call(survey, [2.0, 5.0], outputs=["f"])
    gradient = [[5.5, 1.7163378145367738]]
    return [
        expect.evaluate("product-plus-sine/values", "x1 x2 + sin x1 at (2, 3)", at),
        expect.jacobian("product-plus-sine/jacobian", "gradient (x2 + cos x1, x1)", at),
        expect.jacobian(
            "product-plus-sine/at-zero",
            "at (0, 0) the gradient is (1, 0)",
            Call(f, [0.0, 0.0], outputs=["f"]),
            values=[0.0],
            dense=[[1.0, 0.0]],
        ),
        expect.jvp("product-plus-sine/tangent", "the direction (1, 0)", at, [1.0, 0.0]),
        expect.vjp(
            "product-plus-sine/adjoint",
            "cotangent 1 at f alone",
            Call(f, [2.0, 3.0], outputs=["f"]),
            [1.0],
        ),
        *_normal_cases(),
        expect.jacobian(
            "survey/gradient",
            "published: 11.652071455 and (5.5, 1.716337815)",
            published,
            values=[11.652071455223084],
            dense=gradient,
        ),
        expect.jacobian("survey/jacobian", "every w_k of the survey's table", Call(survey, [2.0, 5.0])),
        expect.jacobian(
            "survey/points",
            "three points in one call",
            Call(survey, [[2.0, 5.0], [0.5, -1.0], [3.0, 0.25]]),
        ),
    ]
