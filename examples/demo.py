"""Differentiate functions of the literature through a server, and hold every answer against a reference.

Starts a server on a free port of this machine, asks it for derivatives through the client, and prints a table. The
exit status is 1 if an error is larger than rounding explains.
"""

from __future__ import annotations

import math
import statistics
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares

from examples.functions import log_density
from examples.local_server import local_server
from examples.questions import TOLERANCE, questions, regressions
from examples.table import Column, Table
from wengert_client import Client

if TYPE_CHECKING:
    from examples.problem import Problem
    from examples.questions import Question
    from examples.regression import RegressionSet
    from wengert_client import Function, Report

#: Operations of one sweep, f included, as a multiple of those of f (Griewank & Walther, ch. 4).
BOUNDS = {"forward": 2.5, "reverse": 4.0}
REPETITIONS = 15
EPS = 2.0**-52
#: NIST certifies 11 digits. SciPy stops when the sum of squares no longer falls, so at half of float64's 16 or so.
LEAST_DIGITS, CERTIFIED_DIGITS = 7.0, 11.0

TABLE = Table(
    Column("function", 28, left=True),
    Column("derivative", 10, left=True),
    Column("n", 4),
    Column("m", 4),
    Column("statements", 10),
    Column("mode", 7, left=True),
    Column("sweeps", 6),
    Column("ops of f", 8),
    Column("of sweep", 8),
    Column("ratio", 5),
    Column("bound", 5),
    Column("ms", 5),
    Column("error", 5),
    Column("against", 12, left=True),
)

LEGEND = f"""\
n, m         inputs differentiated by, and outputs
ops          operations at one point: 1 for each element of a statement, m k n for a product of matrices; a sweep's
             include those of f. The textbook's bound of their ratio is for a measure in which memory moves count
             too; in this one, where they are free, a short formula's sweep may take a little more
ms           one call, there and back: the median of {REPETITIONS}
error        the largest of all: of a component of f relative to itself, of a derivative to the largest of its column"""


def main() -> int:
    """Run the demo, and give the exit status."""
    started = time.monotonic()
    print("Starting a server: python -m wengert_server --address 127.0.0.1:0", flush=True)
    with local_server(lambda sentence: print(f"  {sentence}", flush=True)) as address:
        print(f"It listens at {address}, {time.monotonic() - started:.1f} s later.\n")
        with Client(address, deadline_s=120.0) as client:
            print("A function goes to the server as a Wengert list. This is -1/2 ((y - mu) / sigma)^2 - log sigma:\n")
            print(textwrap.indent(str(log_density().builder), "    "))
            results = differentiate(client) | fit(client)
    checks = [passed for checks in results.values() for passed in checks]
    failed = checks.count(False)
    verdict = f"{failed} FAILED" if failed else "every error is within rounding"
    spent_s = time.monotonic() - started
    print(f"\n{len(results)} functions, {len(checks)} checks, {spent_s:.1f} s with the server's start: {verdict}.")
    return 1 if failed else 0


def differentiate(client: Client) -> dict[str, list[bool]]:
    """Ask all questions, print their rows, and say for each function which answers are right."""
    print(f"\n{LEGEND}\n")
    TABLE.header()
    passed = {}
    for problem, asked in questions():
        function = client.function(problem.builder)
        passed[problem.name] = [check(problem, function, question) for question in asked]
    return passed


def fit(client: Client) -> dict[str, list[bool]]:
    """Do NIST's regressions with SciPy, f and its Jacobian on the server, and say for each what came out right."""
    print("\nNonlinear regression, by scipy.optimize.least_squares(f.value, start, jac=f.jacobian):\n")
    TABLE.header()
    passed = {}
    for data, problem, question in regressions():
        function = client.function(problem.builder)
        passed[problem.name] = [check(problem, function, question), fit_set(data, function)]
    return passed


def check(problem: Problem, function: Function, question: Question) -> bool:
    """Ask one question, print its row, and say whether the answer is right."""
    # The first call registers the function and makes its derivative list.
    answer = question.ask(function)
    milliseconds = statistics.median(_milliseconds(function, question) for _ in range(REPETITIONS))
    error = question.error(answer)
    report = answer.report
    TABLE.row([
        problem.name,
        question.what,
        str(question.n),
        str(function.m),
        str(function.statements),
        report.mode,
        str(report.sweeps),
        *_operations(report),
        f"{milliseconds:.2f}",
        f"{error:.0e}",
        question.source,
    ])  # fmt: skip
    TABLE.note(report.reason)
    passed = error <= TOLERANCE
    if not passed:
        TABLE.note(f"FAILED: the error may be {TOLERANCE:.0e} at most.")
    return passed


def _milliseconds(function: Function, question: Question) -> float:
    started = time.perf_counter()
    question.ask(function)
    return 1e3 * (time.perf_counter() - started)


def _operations(report: Report) -> list[str]:
    """Give the operations of f and of a sweep, their ratio, and the bound of that ratio."""
    ratio = report.operations / report.primal_operations
    return [str(report.primal_operations), str(report.operations), f"{ratio:.2f}", f"{BOUNDS[report.mode]}"]


def fit_set(data: RegressionSet, function: Function) -> bool:
    """Fit a set's parameters, print how many certified digits were reached, and say whether they are enough."""
    # SciPy has no types, and its default, the name of a method, is taken for one.
    jacobian: Any = function.jacobian
    found = least_squares(
        function.value, data.start, jacobian, method="lm", x_scale="jac", ftol=EPS, xtol=EPS, gtol=EPS
    )
    error = float(np.max(np.abs(found.x / data.certified - 1.0), initial=EPS))
    digits = -math.log10(error)
    reached = min(digits, CERTIFIED_DIGITS)
    TABLE.note(f"fit: {len(found.x)} parameters to {reached:.1f} of 11 certified digits, with {found.njev} Jacobians.")
    passed = digits >= LEAST_DIGITS
    if not passed:
        TABLE.note(f"FAILED: at least {LEAST_DIGITS:.0f} digits must be reached.")
    return passed


if __name__ == "__main__":
    sys.exit(main())
