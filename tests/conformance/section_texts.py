"""Source texts, and the lists they make: written by hand, a word for each argument."""

from typing import Any

from tests import reference
from tests.conformance.cases import Case
from tests.wire_lists import ListWriter
from wengert import v1

ABOUT = (
    "Source texts and the lists that they make, known by their ids; arguments and parameters are told to find errors."
)


ROBERTSON = """# Robertson's kinetics
input y[3]
input k1 = 0.04, k2 = 1e4, k3 = 3e7      # inputs with defaults
r1 = k1*y[0];  r2 = k2*y[1]*y[2];  r3 = k3*y[1]^2
output dy = [-r1 + r2, r1 - r2 - r3, r3]
"""
MATRIX = """input A[2, 3], x[3]
output a = A @ x, b = A[1], c = A[:, -1], d = A[1, 2], e = A[::-1, 1:]
output f = x[[2, 0]], g = sum(A, axis=0), h = max(A, keepdims=true), i = transpose(A)
"""


class Expected:
    """A list written by hand: ``add`` takes statements such as ``MULTIPLY 1 -1 [3]``."""

    def __init__(self, *inputs: tuple[Any, ...], **more: Any) -> None:
        self.writer = ListWriter()
        for name, *shape in inputs:
            self.writer.input(name, *shape, default=more.get(name))

    def add(self, *statements: str) -> "Expected":
        for statement in statements:
            words, _, numbers = statement.partition("[")
            name, *arguments = words.split()
            parameters = [int(number) for number in numbers.rstrip("]").split(",") if number]
            self.writer.add(name, *map(int, arguments), parameters=parameters)
        return self

    def constants(self, *values: float) -> "Expected":
        self.writer.message.constants.extend(values)
        return self

    def tensor(self, values: Any) -> "Expected":
        self.writer.message.tensors.add().CopyFrom(_tensor(values))
        return self

    def outputs(self, **named: int) -> v1.WengertList:
        for name, argument in named.items():
            self.writer.output(name, argument)
        return self.writer.message


def _tensor(values: Any) -> v1.Tensor:
    writer = ListWriter()
    writer.array(values)
    return writer.message.tensors[0]


def _lectures() -> dict[str, tuple[str, v1.WengertList]]:
    normal = Expected(("y",), ("mu",), ("sigma",)).constants(-0.5)
    normal.add("SUBTRACT 1 2", "DIVIDE 4 3", "SQUARE 5", "MULTIPLY -1 6", "LOG 3", "SUBTRACT 7 8")
    survey = Expected(("x1",), ("x2",)).add("LOG 1", "MULTIPLY 1 2", "ADD 3 4", "SIN 2", "SUBTRACT 5 6")
    robertson = Expected(("y", 3), ("k1",), ("k2",), ("k3",), k1=0.04, k2=1e4, k3=3e7)
    robertson.add(
        "GATHER 1 [0,0,0]", "MULTIPLY 2 5", "GATHER 1 [0,0,1]", "MULTIPLY 3 7", "GATHER 1 [0,0,2]", "MULTIPLY 8 9",
        "GATHER 1 [0,0,1]", "SQUARE 11", "MULTIPLY 4 12", "NEGATE 6", "ADD 14 10", "SUBTRACT 6 10", "SUBTRACT 16 13",
        "RESHAPE 15 [1,1]", "RESHAPE 17 [1,1]", "RESHAPE 13 [1,1]", "CONCATENATE 18 19 20 [0,3]",
    )  # fmt: skip
    return {
        "lecture/product-plus-sine": (
            "input x1, x2\noutput f = x1*x2 + sin(x1)",
            Expected(("x1",), ("x2",)).add("MULTIPLY 1 2", "SIN 1", "ADD 3 4").outputs(f=5),
        ),
        "lecture/normal": (
            "input y, mu, sigma\noutput g = -1/2*((y - mu)/sigma)^2 - log(sigma)",
            normal.outputs(g=9),
        ),
        "lecture/survey": ("input x1, x2; output f = log(x1) + x1*x2 - sin(x2)", survey.outputs(f=7)),
        "lecture/robertson": (
            ROBERTSON,
            robertson.outputs(dy=21),
        ),
    }


def _operators() -> dict[str, tuple[str, v1.WengertList]]:
    def x(*statements: str, constants: tuple[float, ...] = ()) -> Expected:
        return Expected(("x",)).constants(*constants).add(*statements)

    return {
        "operators/folded": (
            "input x; output f = x*(1 + 2*3 - 4/8)",
            x("MULTIPLY 1 -1", constants=(6.5,)).outputs(f=2),
        ),
        "operators/not-folded": (
            "input x; output f = x + 1 + 1",
            x("ADD 1 -1", "ADD 2 -1", constants=(1.0,)).outputs(f=3),
        ),
        "operators/functions-are-statements": (
            "input x; output f = sqrt(4) + x",
            x("SQRT -1", "ADD 2 1", constants=(4.0,)).outputs(f=3),
        ),
        "operators/power-binds-tighter": ("input x; output f = -x^2", x("SQUARE 1", "NEGATE 2").outputs(f=3)),
        "operators/power-binds-right": ("input x; output f = x^2^3", x("INTEGER_POWER 1 [8]").outputs(f=2)),
        "operators/negative-exponent": ("input x; output f = x**-2", x("INTEGER_POWER 1 [-2]").outputs(f=2)),
        "operators/real-exponent": ("input x; output f = x^0.5", x("POWER 1 -1", constants=(0.5,)).outputs(f=2)),
        "operators/number-to-a-power": ("input x; output f = 2^x", x("POWER -1 1", constants=(2.0,)).outputs(f=2)),
        "operators/minus-zero": (
            "input x; output f = x*-0, g = x*0",
            x("MULTIPLY 1 -1", "MULTIPLY 1 -2", constants=(-0.0, 0.0)).outputs(f=2, g=3),
        ),
        "operators/truth": (
            "input a, b; output f = a > b && !(a >= 0) || a != b ? a : -b",
            Expected(("a",), ("b",))
            .constants(0.0)
            .add("LESS 2 1", "LESS_EQUAL -1 1", "NOT 4", "AND 3 5")
            .add("NOT_EQUAL 1 2", "OR 6 7", "NEGATE 2", "SELECT 8 1 9")
            .outputs(f=10),
        ),
        "operators/known-choice": (
            "n = 3; input x; output f = n % 2 == 1 ? x : x[7]",
            x().outputs(f=1),
        ),
        "operators/outputs-of-all-kinds": (
            "input x; y = x; output f = y, x = 2, g = 2, y",
            x(constants=(2.0,)).outputs(f=1, x=-1, g=-1, y=1),
        ),
    }  # fmt: skip


def _arrays() -> dict[str, tuple[str, v1.WengertList]]:
    matrix = Expected(("A", 2, 3), ("x", 3)).add(
        "MATMUL 1 2", "GATHER 1 [0,0,1]", "GATHER 1 [1,0,2]", "SLICE 1 [2,1,1,1,2,1,1]", "RESHAPE 6 [0]",
        "SLICE 1 [2,1,2,-1,1,2,1]", "GATHER 2 [0,1,2,2,0]", "SUM 1 [0,1,0]", "MAX 1 [1,2,0,1]", "TRANSPOSE 1 [2,1,0]",
    )  # fmt: skip
    stacked = Expected(("a",), ("b",)).tensor([0.0]).add(
        "RESHAPE 1 [1,1]", "CONSTANT [1]", "RESHAPE 2 [1,1]", "CONCATENATE 3 4 4 5 [0,4]", "RESHAPE 6 [2,2,2]"
    )  # fmt: skip
    loop = Expected(("x", 4)).add(
        "GATHER 1 [0,0,1]", "GATHER 1 [0,0,2]", "SUBTRACT 2 3", "GATHER 1 [0,0,0]", "GATHER 1 [0,0,0]", "SUBTRACT 5 6",
        "RESHAPE 4 [1,1]", "RESHAPE 7 [1,1]", "CONCATENATE 8 9 [0,2]",
    )  # fmt: skip
    total = Expected(("x", 3)).constants(0.0, 2.0).add(
        "GATHER 1 [0,0,0]", "ADD -1 2", "GATHER 1 [0,0,2]", "MULTIPLY 4 -2", "ADD 3 5"
    )  # fmt: skip
    equal = Expected(("x", 2)).tensor([1.0, 2.0]).add("CONSTANT [1]", "MULTIPLY 2 1", "ADD 3 2")
    listed = Expected(("x",)).constants(1.0, 2.0, 2.0).tensor([5.0]).tensor([[1.0, 2.0]])
    return {
        "arrays/matrix": (
            MATRIX,
            matrix.outputs(a=3, b=4, c=5, d=7, e=8, f=9, g=10, h=11, i=12),
        ),
        "arrays/brackets": ("input a, b\noutput M = [[a, 0], [0, b]]", stacked.outputs(M=7)),
        "arrays/equal-ones": ("input x[2]; c = [1, 2]; output f = c*x + [1, 2]", equal.outputs(f=4)),
        "arrays/elements-are-numbers": (
            "c = [3, 4]; input x; output f = x*c[1]",
            Expected(("x",)).constants(4.0).add("MULTIPLY 1 -1").outputs(f=2),
        ),
        "loops/elements": (
            "n = 2; input x[2*n]; z = zeros(n)\nfor i in 0..n-1 {\n  z[i] = x[(2*i + 1) % 3] - x[2 - 2*i]\n}\noutput z",
            loop.outputs(z=10),
        ),
        "loops/sum": (
            "input x[3]; s = 0; for i in 0..2 by 2 { s = s + (i == 0 ? x[i] : x[i]*i) }; output s",
            total.outputs(s=6),
        ),
        "columns/listed": (
            "input x\nconstants 1, 2, 2\ntensors [5], [[1, 2]]\ny = $c2 - x; z = $t1; output f = y, g = 2",
            listed.add("SUBTRACT -3 1", "CONSTANT [2]").outputs(f=2, g=-2),
        ),
    }  # fmt: skip


def cases() -> list[Case]:
    result = []
    for name, (text, expected) in (_lectures() | _operators() | _arrays()).items():
        request = v1.DescribeRequest(function=v1.FunctionSource(text=text), with_list=True)
        columns = {"arguments": list(expected.arguments), "parameters": list(expected.parameters)}
        info = {"id": reference.function_id(expected), "statements": len(expected.primitives)}
        about = f"{len(expected.primitives)} statements"
        result.append(Case(name, about, "Describe", request, {"response": {"info": info, "list": columns}}))
    return result
