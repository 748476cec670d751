"""How a caller's arguments become points, shared values and directions, and which cannot."""

import re
from typing import Any

import numpy as np
import pytest

from wengert_client import InputInfo, InvalidRequest
from wengert_client._signature import Signature

#: x of 2, k a scalar, m of (2, 2) with a default, and an input that is called as an option is.
FOUR = Signature(
    [
        InputInfo("x", (2,)),
        InputInfo("k", ()),
        InputInfo("m", (2, 2), np.eye(2)),
        InputInfo("mode", (), np.asarray(3.0)),
    ]
)
TWO = Signature([InputInfo("x", (2,)), InputInfo("k", ())])
M, X, EYE = np.arange(4.0).reshape(2, 2), [1.0, 2.0], np.eye(2)


def arranged(signature: Signature, points: Any = None, shared: Any = None, **named: Any) -> tuple[Any, dict[str, Any]]:
    x, values = signature.arrange(points, shared, named)
    return None if x is None else x.tolist(), {name: value.tolist() for name, value in values.items()}


@pytest.mark.parametrize(
    ("call", "points", "shared"),
    [
        ({"points": [1, 2, 3]}, [1, 2, 3], {}),
        ({"points": np.ones((4, 3), dtype=np.float32)}, np.ones((4, 3)).tolist(), {}),
        ({"points": [1, 2], "shared": {"k": 3}}, [1, 2], {"k": 3}),
        ({"points": 7, "shared": {"x": X}}, [7], {"x": X}),
        ({"points": np.ones((5, 0)), "shared": {"x": X, "k": 1}}, [[]] * 5, {"x": X, "k": 1}),
        ({"shared": {"x": X, "k": 1}}, None, {"x": X, "k": 1}),
        ({"x": X, "k": 3}, [1, 2, 3], {}),
        ({"k": True, "x": (1, 2)}, [1, 2, 1], {}),
        ({"points": {"x": X, "k": 3}}, [1, 2, 3], {}),
        ({"points": {"x": X}, "k": 3}, [1, 2, 3], {}),
        ({"x": [X, [5, 6]], "k": [3, 4]}, [[1, 2, 3], [5, 6, 4]], {}),
        ({"x": np.zeros((0, 2)), "k": []}, [], {}),
        ({"x": [X, [5, 6]], "shared": {"k": 9}}, [X, [5, 6]], {"k": 9}),
        # What the server is to judge goes through.
        ({"points": np.ones((2, 2, 9))}, np.ones((2, 2, 9)).tolist(), {}),
        ({"points": [1, 2, 3], "shared": {"z": 1}}, [1, 2, 3], {"z": 1}),
    ],
)
def test_vectors_and_names(call: dict[str, Any], points: Any, shared: dict[str, Any]) -> None:
    assert arranged(TWO, **call) == (points, shared)


@pytest.mark.parametrize(
    ("call", "points", "shared"),
    [
        ({"x": X, "k": 3}, [1, 2, 3], {"m": EYE.tolist(), "mode": 3}),
        ({"points": [1, 2, 3]}, [1, 2, 3], {"m": EYE.tolist(), "mode": 3}),
        ({"points": [[1, 2, 3]] * 2}, [[1, 2, 3]] * 2, {"m": EYE.tolist(), "mode": 3}),
        ({"points": [1, 2, 3], "shared": {"m": M}}, [1, 2, 3], {"m": M.tolist(), "mode": 3}),
        ({"points": range(8)}, list(range(8)), {}),
        ({"x": X, "k": 3, "m": M}, [1, 2, 3, 0, 1, 2, 3], {"mode": 3}),
        ({"points": {"x": X, "k": 3, "mode": 4}}, [1, 2, 3, 4], {"m": EYE.tolist()}),
        ({"shared": {"x": X, "k": 1}}, None, {"x": X, "k": 1, "m": EYE.tolist(), "mode": 3}),
    ],
)
def test_defaults_are_shared(call: dict[str, Any], points: Any, shared: dict[str, Any]) -> None:
    assert arranged(FOUR, **call) == (points, shared)


@pytest.mark.parametrize(
    ("call", "reason", "told"),
    [
        ({}, "INVALID_POINTS", "input x is not given, and has no default"),
        ({"x": X}, "INVALID_POINTS", "input k is not given"),
        ({"x": X, "k": 1, "z": 1}, "UNKNOWN_NAME", "no input z; its inputs: x, k, m, mode"),
        ({"x": X, "k": 1, "shared": {"k": 1}}, "INVALID_NAME", "input k is given here"),
        ({"points": [1, 2, 3], "k": 1}, "INVALID_POINTS", "not both"),
        ({"x": [1, 2, 3], "k": 1}, "INVALID_POINTS", "input x has the shape (3,); expected is (2,), or (K, 2)"),
        ({"x": X, "k": [[1]]}, "INVALID_POINTS", "expected is (), or (K,) for K points"),
        ({"x": [X, X], "k": 1}, "INVALID_POINTS", "(x: 2, k: one point)"),
        ({"x": [X, X], "k": [1, 2, 3]}, "INVALID_POINTS", "equally many points"),
        ({"points": [1, 2, 3, 4]}, "INVALID_POINTS", "each point has 4 numbers; expected are 3"),
        ({"points": [1j, 2, 3]}, "MALFORMED_REQUEST", "real numbers are expected, not an array of complex128"),
        ({"points": ["a"]}, "MALFORMED_REQUEST", "real numbers"),
        ({"x": [None, 1], "k": 2}, "MALFORMED_REQUEST", "input x: real numbers"),
    ],
)
def test_what_cannot_be_sent_is_told(call: dict[str, Any], reason: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(told)) as caught:
        arranged(FOUR, **call)
    assert caught.value.reason == reason
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("tangents", "chosen", "expected"),
    [
        ([1, 2, 3], [], [1, 2, 3]),
        ({"x": X}, [], [1, 2, 0]),
        ({"k": 4}, [], [0, 0, 4]),
        ({"k": 4, "x": X}, ["k", "x"], [4, 1, 2]),
        ({"x": [X, X, X]}, [], [[1, 2, 0]] * 3),
        ({"k": np.ones((2, 1)), "x": np.ones((2, 1, 2))}, [], [[[1, 1, 1]]] * 2),
    ],
)
def test_tangents_by_name(tangents: Any, chosen: list[str], expected: Any) -> None:
    assert TWO.directions(tangents, chosen, []).tolist() == expected


@pytest.mark.parametrize(
    ("tangents", "reason", "told"),
    [
        ({}, "INVALID_DIRECTIONS", "same axes"),
        ({"z": 1}, "UNKNOWN_NAME", "no input z"),
        ({"k": 1}, "INVALID_NAME", "shared or not selected"),
        ({"x": [1, 2, 3]}, "INVALID_DIRECTIONS", "the last axes must be (2,)"),
    ],
)
def test_wrong_tangents_by_name(tangents: Any, reason: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=re.escape(told)) as caught:
        TWO.directions(tangents, [], ["k"])
    assert caught.value.reason == reason


def test_an_array_is_taken_apart_by_input() -> None:
    parts = FOUR.split(np.arange(16.0).reshape(2, 8), [])
    assert {name: part.shape for name, part in parts.items()} == {"x": (2, 2), "k": (2,), "m": (2, 2, 2), "mode": (2,)}
    assert FOUR.split([7.0, 8.0, 9.0], ["k", "x"])["x"].tolist() == [8.0, 9.0]
    with pytest.raises(InvalidRequest, match="must have 3 numbers"):
        FOUR.split([7.0, 8.0], ["k", "x"])
