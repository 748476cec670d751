"""A Jacobian in parts: the same numbers as the whole one, bit for bit, in order and without gap."""

from __future__ import annotations

import numpy as np
import pytest

from adengine import Engine, Input, Limits, Mode, Output, WengertList
from adengine.errors import InvalidPoints, LimitExceeded
from adengine.streamed import Part, parts

AWKWARD = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e308, -1.5, 0.3, 2.0]


def mixed(n: int, m: int) -> WengertList:
    """f_i = sin(x_j) * x_k + p with j and k by turns; p a parameter of its own."""
    inputs = [Input("x", (n,)), Input("p", ())]
    primitives: list[int] = []
    arguments: list[int] = []
    parameters: list[int] = []
    outputs: list[Output] = []
    for i in range(m):
        first = 3 + len(primitives)
        primitives += [143, 143, 60, 12, 10]
        arguments += [1, 1, first, first + 2, first + 1, first + 3, 2]
        parameters += [1, i % n, 1, 1, 1, (3 * i + 1) % n, 1, 1]
        outputs.append(Output(f"f{i}", first + 4))
    return WengertList.build(
        inputs=inputs, primitives=primitives, arguments=arguments, parameters=parameters, outputs=outputs
    )


@pytest.mark.parametrize("mode", [Mode.FORWARD, Mode.REVERSE])
@pytest.mark.parametrize("points", [None, 1, 7])
@pytest.mark.parametrize("most", [1, 13, 40, 100, 10_000])
def test_parts_make_the_whole_matrix(mode: Mode, points: int | None, most: int) -> None:
    function, engine = mixed(9, 10), Engine(threads=2)
    x = np.resize(AWKWARD, 9 if points is None else (points, 9))
    shared = [("p", np.array(0.5))]
    whole = engine.jacobian(function, x, shared=shared, mode=mode)
    stream = engine.jacobian_stream(function, x, shared=shared, mode=mode, part_elements=most)
    pieces = list(stream)
    assert stream.shape == whole.jacobian.shape
    np.testing.assert_array_equal(stream.values, whole.values, strict=True)
    found = np.concatenate(pieces).reshape(stream.shape)
    assert found.tobytes() == whole.jacobian.tobytes()
    if mode is Mode.REVERSE:
        assert max(map(len, pieces)) <= max(most, 9)
    assert (stream.report.mode, stream.report.sweeps) == (mode, whole.report.sweeps)
    assert stream.report.operations == whole.report.operations


def test_selections_in_parts() -> None:
    function, engine = mixed(9, 10), Engine(threads=1)
    x = np.linspace(-1.0, 2.0, 10)
    outputs, by = ["f7", "f2", "f3"], ["p", "x"]
    whole = engine.jacobian(function, x, mode=Mode.REVERSE, outputs=outputs, with_respect_to=by)
    stream = engine.jacobian_stream(function, x, part_elements=12, outputs=outputs, with_respect_to=by)
    assert np.concatenate(list(stream)).tobytes() == whole.jacobian.tobytes()
    assert stream.report.mode is Mode.REVERSE


def test_many_rows_at_a_time_and_in_several_threads() -> None:
    function, engine = mixed(200, 300), Engine(threads=2)
    x = np.linspace(-1.0, 2.0, 201)
    whole = engine.jacobian(function, x, mode=Mode.REVERSE)
    stream = engine.jacobian_stream(function, x, part_elements=201 * 150)
    sizes = []
    found = []
    for piece in stream:
        sizes.append(len(piece) // 201)
        found.append(piece)
    assert sizes == [128, 128, 44]
    assert np.concatenate(found).tobytes() == whole.jacobian.tobytes()
    assert "one by one" in stream.report.reason


def test_larger_than_a_reply_may_be() -> None:
    function = mixed(50, 40)
    engine = Engine(Limits(reply_elements=400), threads=1)
    x = np.linspace(-1.0, 2.0, 51)
    with pytest.raises(LimitExceeded):
        engine.jacobian(function, x)
    stream = engine.jacobian_stream(function, x, part_elements=300)
    assert stream.shape == (40, 51)
    expected = Engine(threads=1).jacobian(function, x, mode=Mode.REVERSE).jacobian
    np.testing.assert_array_equal(np.concatenate(list(stream)).reshape(40, 51), expected)
    with pytest.raises(LimitExceeded):  # forward mode gives a point at once
        list(engine.jacobian_stream(function, x, mode=Mode.FORWARD, part_elements=300))


def test_parts_are_no_larger_than_a_reply_may_be() -> None:
    function, engine = mixed(20, 30), Engine(Limits(reply_elements=200), threads=1)
    x, shared = np.linspace(-1.0, 2.0, 20), [("p", np.array(0.5))]
    pieces = list(engine.jacobian_stream(function, x, shared=shared, part_elements=10_000))
    assert max(map(len, pieces)) <= 200
    whole = Engine(threads=1).jacobian(function, x, shared=shared, mode=Mode.REVERSE)
    np.testing.assert_array_equal(np.concatenate(pieces).reshape(30, 20), whole.jacobian)


def test_what_is_empty_and_what_is_wrong() -> None:
    function, engine = mixed(3, 2), Engine(threads=1)
    stream = engine.jacobian_stream(function, np.zeros((0, 4)))
    assert (stream.shape, list(stream), stream.values.shape) == ((0, 2, 4), [], (0, 2))
    with pytest.raises(InvalidPoints):
        engine.jacobian_stream(function, np.zeros(3))
    few = Engine(Limits(call_elements=50), threads=1)
    with pytest.raises(LimitExceeded) as caught:
        few.jacobian_stream(function, np.zeros((10, 4)), part_elements=8)
    assert caught.value.limit == "call_elements"


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 4, 3), (2, 130, 7), (1000, 2, 2)])
@pytest.mark.parametrize("most", [1, 6, 100, 500, 5000])
@pytest.mark.parametrize("by_rows", [False, True])
def test_parts_follow_each_other(shape: tuple[int, int, int], most: int, by_rows: bool) -> None:
    points, rows, columns = shape
    ends = 0
    for part in parts(points, rows, columns, most, by_rows=by_rows):
        assert part == Part(*part)
        assert part.first_point * rows + part.first_row == ends
        assert part.points == 1 or part.rows == rows
        ends += part.points * part.rows
        least = columns if by_rows else rows * columns
        assert part.points * part.rows * columns <= max(most, least)
    assert ends == points * rows


@pytest.mark.parametrize(("points", "rows"), [(None, 300), (400, 3)])
def test_parts_are_no_smaller_than_all_lanes_take(points: int | None, rows: int) -> None:
    function, engine = mixed(9, rows), Engine(threads=1)
    x = np.linspace(-1.0, 2.0, 10 if points is None else 10 * points).reshape(-1, 10)
    x = x[0] if points is None else x
    whole = engine.jacobian(function, x, mode=Mode.REVERSE)
    for most, enough, entries in ((100_000, 10, None), (2000, 10, 64), (1000, 700, 64), (300, 10, 30)):
        stream = engine.jacobian_stream(function, x, mode=Mode.REVERSE, part_elements=most, enough_elements=enough)
        pieces = list(stream)
        assert np.concatenate(pieces).tobytes() == whole.jacobian.tobytes()
        if entries is None:
            assert len(pieces) == 1
        elif points is None:
            assert len(pieces[0]) == 10 * entries
        else:
            assert len(pieces[0]) == 30 * min(entries, most // 30)
