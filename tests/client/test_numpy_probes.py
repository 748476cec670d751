"""Every probe: traced, it gives NumPy's numbers, and in both modes the derivatives that differences of NumPy's give."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adengine
from tests.conformance.in_process import engine_list
from tests.numpy_probes.probe import Floats, Probe, flat, leaves
from tests.numpy_probes.tables import PROBES
from wengert_client import Trace, trace

ENGINE = adengine.Engine()
# Central differences of the sixth order.
STEP = 4e-4
WEIGHTS = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))


def packed(probe: Probe) -> Floats:
    return np.concatenate([each.ravel() for each in probe.inputs.values()] or [np.zeros(0)])


def at(probe: Probe, x: Floats) -> Any:
    """Give what NumPy gives at a point."""
    arrays, offset = [], 0
    for each in probe.inputs.values():
        arrays.append(x[offset : offset + each.size].reshape(each.shape).copy()[()])
        offset += each.size
    with np.errstate(all="ignore"):
        return probe.of_numpy(*arrays)


def differences(f: Callable[[Floats], Floats], x: Floats) -> Floats:
    """Give the Jacobian of f by differences."""
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = STEP
        columns.append(sum(c * (f(x + j * e) - f(x - j * e)) for j, c in WEIGHTS) / STEP)
    return np.stack(columns, axis=1) if columns else np.zeros((f(x).size, 0))


def values(traced: Trace, x: Floats) -> Floats:
    return ENGINE.evaluate(engine_list(traced.message), points=x).values


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.text)
def test_a_probe_gives_numpys_numbers_and_derivatives(probe: Probe) -> None:
    traced = trace(probe.program, {name: each.shape for name, each in probe.inputs.items()})
    x = packed(probe)
    expected = at(probe, x)
    got = values(traced, x)
    scale = 1 + np.max(np.abs(flat(expected)), initial=0, where=np.isfinite(flat(expected)))
    np.testing.assert_allclose(got, flat(expected), rtol=1e-12, atol=1e-13 * scale)
    outputs = list(traced.message.outputs)
    assert len(outputs) == len(leaves(expected))
    if not probe.steps:
        J = differences(lambda z: flat(at(probe, z)), x)
        for mode in (adengine.Mode.FORWARD, adengine.Mode.REVERSE):
            found = ENGINE.jacobian(engine_list(traced.message), points=x, mode=mode).jacobian
            limit = 1e-8 * (1 + np.max(np.abs(J), initial=0, where=np.isfinite(J)))
            np.testing.assert_allclose(found, J, rtol=1e-8, atol=limit, err_msg=mode.name)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.text)
def test_a_probe_has_numpys_shapes(probe: Probe) -> None:
    traced = trace(probe.program, {name: each.shape for name, each in probe.inputs.items()})
    shapes = [leaf.shape for leaf in leaves(at(probe, packed(probe)))]
    assert list(engine_list(traced.message).output_shapes) == shapes
