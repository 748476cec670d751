"""What a report says: the mode chosen, the sweeps, the operations counted."""

from typing import Any

from tests.conformance import expectations as expect
from tests.conformance.cases import Case
from tests.conformance.expectations import Call
from tests.conformance.section_lecture import normal_log_density, product_plus_sine
from tests.wire_lists import ListWriter, one_statement
from wengert.v1 import WengertList

ABOUT = "Reports: the mode that the plan chooses, the sweeps it takes, the operations of f."


def _with_report(case: Case, **report: object) -> Case:
    """Return a case that must also report this."""
    response = {**case.expect["response"], "report": report}
    return Case(case.name, case.about, case.rpc, case.request, {**case.expect, "response": response})


def _wide(n: int, m: int) -> WengertList:
    """Return m sums of sines of n inputs, each with another weight."""
    f = ListWriter()
    x = f.input("x", n)
    total = f.sum(f.add("SIN", x), 0)
    f.output("y", f.add("MULTIPLY", total, f.array([1.0 + i for i in range(m)])))
    return f.message


def _plan(n: int, m: int, mode: str, sweeps: int) -> Case:
    call = Call(_wide(n, m), [0.1 * (i + 1) for i in range(n)])
    case = expect.jacobian(f"mode/{n}-to-{m}", f"n = {n}, m = {m}: {sweeps} sweeps", call)
    return _with_report(case, mode=mode, sweeps=sweeps)


def _selected() -> list[Case]:
    f = ListWriter()
    x, k = f.input("x", 5), f.input("k")
    product = f.add("MULTIPLY", x, k)
    f.output("all", product)
    f.output("total", f.sum(product, 0))
    point = [0.5, 1.0, 1.5, 2.0, 2.5, -1.0]
    rows: list[tuple[str, dict[str, Any], str, int]] = [
        ("by-one", {"with_respect_to": ["k"], "outputs": ["all"]}, "MODE_FORWARD", 1),
        ("of-one", {"outputs": ["total"]}, "MODE_REVERSE", 1),
        ("one-by-one", {"with_respect_to": ["k"], "outputs": ["total"]}, "MODE_FORWARD", 1),
    ]
    about = "the plan counts the selection, not the list; equal cost is forward"
    cases = []
    for label, selection, mode, sweeps in rows:
        case = expect.jacobian(f"mode/selection/{label}", about, Call(f.message, point, **selection))
        cases.append(_with_report(case, mode=mode, sweeps=sweeps))
    batch = Call(f.message, [point, point, point], outputs=["total"])
    case = expect.jacobian("mode/batch", "sweeps are counted at one point", batch)
    return [*cases, _with_report(case, mode="MODE_REVERSE", sweeps=1)]


def _asked() -> list[Case]:
    f = _wide(4, 1)
    call = Call(f, [0.1, 0.2, 0.3, 0.4])
    result = []
    for mode, said, sweeps in (
        ("MODE_FORWARD", "MODE_FORWARD", 4),
        ("MODE_REVERSE", "MODE_REVERSE", 1),
        ("MODE_AUTO", "MODE_REVERSE", 1),
    ):
        case = expect.jacobian(f"asked/{mode.lower().replace('_', '-')}", "the mode that the request names", call)
        request = call.request("Jacobian", mode=mode)
        result.append(
            _with_report(Case(case.name, case.about, case.rpc, request, case.expect), mode=said, sweeps=sweeps)
        )
    options = expect.jacobian("asked/values-only", "values_only changes nothing in a dense reply", call)
    request = call.request("Jacobian", values_only=True, layout="LAYOUT_DENSE")
    return [*result, Case(options.name, options.about, options.rpc, request, options.expect)]


def _counts() -> list[Case]:
    rows: list[tuple[str, WengertList, int, int]] = [
        ("product-plus-sine", product_plus_sine(), 2, 3),
        ("normal", normal_log_density(), 3, 6),
        ("fma", one_statement("FMA", [(), (), ()]), 3, 1),
        ("elementwise", one_statement("ADD", [(2, 3), (3,)]), 9, 6),
        ("matmul", one_statement("MATMUL", [(2, 3), (3, 4)]), 18, 24),
        ("matrix-vector", one_statement("MATMUL", [(2, 3), (3,)]), 9, 6),
    ]
    about = "one operation per element, FMA one, MATMUL m n k"
    result = []
    for label, function, n, count in rows:
        case = expect.evaluate(f"operations/{label}", about, Call(function, [0.5 + i for i in range(n)]))
        result.append(_with_report(case, mode="MODE_UNSPECIFIED", sweeps=0, primal_operations=count, operations=count))
    return result


def cases() -> list[Case]:
    plans = [
        _plan(1, 1, "MODE_FORWARD", 1),
        _plan(6, 1, "MODE_REVERSE", 1),
        _plan(1, 6, "MODE_FORWARD", 1),
        _plan(20, 2, "MODE_REVERSE", 2),
        _plan(2, 20, "MODE_FORWARD", 2),
    ]
    return [*plans, *_selected(), *_asked(), *_counts()]
