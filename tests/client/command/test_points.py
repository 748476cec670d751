"""Points, as the command line and files give them, and how wrong ones are refused."""

from __future__ import annotations

import json
import math
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wengert_client.command import literals, points
from wengert_client.command.failures import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x=2", {"x": 2.0}),
        (" x = -2.5e-3 , y.z = .5 ", {"x": -0.0025, "y.z": 0.5}),
        ("A=[[1,2],[3,4]],b=[]", {"A": [[1.0, 2.0], [3.0, 4.0]], "b": []}),
        ("x=inf,y=-Infinity", {"x": math.inf, "y": -math.inf}),
        ("e=[1., +2]", {"e": [1.0, 2.0]}),
    ],
)
def test_assignments_are_read(text: str, expected: dict[str, object]) -> None:
    found = literals.assignments(text)
    assert {name: value.tolist() for name, value in found.items()} == expected
    assert all(value.dtype == np.float64 for value in found.values())


def test_nan_is_a_number() -> None:
    assert np.isnan(literals.assignments("x=nan")["x"])


@given(st.lists(st.floats(), min_size=1, max_size=8))
@settings(deadline=None)
def test_every_double_goes_through_text(numbers: list[float]) -> None:
    found = literals.vector(",".join(map(repr, numbers)))
    assert np.array_equal(found, np.array(numbers), equal_nan=True)
    # But for NaN, whose sign nobody writes.
    there = ~np.isnan(found)
    assert np.array_equal(np.signbit(found)[there], np.signbit(numbers)[there])


@pytest.mark.parametrize(
    ("text", "told", "column"),
    [
        ("x=", "a number, or an array", 3),
        ("x=1,", "a name and =", 5),
        ("x=1 y=2", ", is expected", 5),
        ("x=[1,,2]", "a number, or an array", 6),
        ("x=[1 2]", "a comma, or ]", 6),
        ("x=[1,2", "a comma, or ]", 7),
        ("x=1,x=2", "x has a value already", 5),
        ("x=1a", "a number, or an array", 3),
        ("x=" + "[" * 33, "at most 32 axes", 35),
        ("x=" + "[" * 100_000, "at most 32 axes", 35),
        ("x=__import__('os')", "a number, or an array", 3),
    ],
)
def test_wrong_assignments_are_refused_with_their_place(text: str, told: str, column: int) -> None:
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        literals.assignments(text)
    assert f"at character {column}:" in str(caught.value)
    *_, shown, caret = str(caught.value).split("\n")
    assert shown[: caret.index("^")] == "  " + text[max(0, column - 41) : column - 1]


def test_ragged_arrays_are_refused() -> None:
    with pytest.raises(UsageError, match="equally long"):
        literals.assignments("x=[[1,2],[3]]")


def test_what_comes_later_holds(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"x": 1, "y": [1, "NaN", "Infinity"]}')
    point = points.read([str(tmp_path / "p.json"), "x=3"])
    assert point.named["x"] == 3.0
    assert np.array_equal(point.named["y"], [1.0, np.nan, np.inf], equal_nan=True)


def test_a_vector_and_names_exclude_each_other() -> None:
    with pytest.raises(UsageError, match="not both at once"):
        points.read(["1,2", "x=3"])
    with pytest.raises(UsageError, match="two vectors"):
        points.read(["1,2", "3,4"])


def test_an_object_in_json_is_read() -> None:
    named = points.read(['{"x": 1, "A": [[1, 2]]}', "x=2"]).named
    assert {name: value.tolist() for name, value in named.items()} == {"x": 2.0, "A": [[1.0, 2.0]]}
    with pytest.raises(UsageError, match="not JSON"):
        points.read(['{"x": 1'])


@pytest.mark.parametrize("text", ["[1, 2]", "1,2", " 1 , 2.0"])
def test_vectors_are_read(text: str) -> None:
    assert points.read([text]).vector is not None
    assert np.array_equal(points.read([text]).argument(), [1.0, 2.0])


# ---- files


@pytest.mark.parametrize(
    ("content", "names", "shape"),
    [
        ("x1,x2\n1,2\n3,4\n", {"x1": [1.0, 3.0], "x2": [2.0, 4.0]}, None),
        ("\ufeffy[1],y[0]\n1,2\n", {"y": [[2.0, 1.0]]}, None),
        ('"A[0, 0]",A[0][1]\n1,2\n\n', {"A": [[[1.0, 2.0]]]}, None),
        ("1,2\n3,4\n5,6\n", {}, (3, 2)),
    ],
)
def test_csv_has_a_point_in_each_row(
    tmp_path: Path, content: str, names: dict[str, object], shape: tuple[int, ...] | None
) -> None:
    path = tmp_path / "p.csv"
    path.write_text(content, encoding="utf-8")
    point = points.read([str(path)])
    assert {name: value.tolist() for name, value in point.named.items()} == names
    assert (None if point.vector is None else point.vector.shape) == shape


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no rows"),
        ("x,y\n1\n", "line 2 has 1 columns; the first one has 2"),
        ("x,y\n1,two\n", "line 2, column 2: 'two' is no number"),
        ("x,x\n1,2\n", "column 2: x is there already"),
        ("x[0],x[999999999999]\n1,2\n", "but 2 of them are there"),
        ("x[0],x[0][1]\n1,2\n", "indices of 2 lengths"),
        ("x y\n1\n", "neither an input nor an element"),
        ("x[" + "9" * 400 + "],y\n1,2\n", "column 1: an index of x is too large"),
        ("x[" + "9" * 5000 + "],y\n1,2\n", "column 1: an index of x is too large"),
        ("x,y\n1,2\n3,-1e400\n", "line 3: -1e400 is larger than any float64"),
    ],
)
def test_wrong_csv_is_refused(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(content)
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        points.read([str(path)])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ('{"x": "two"}', "x: numbers are expected"),
        ('{"x": {"y": 1}}', "x: numbers are expected"),
        ('{"x": null}', "x: numbers are expected"),
        ('{"x": [1, [2]]}', "equally long"),
        ("[" * 100_000, "not JSON"),
        (f'{{"x": {"9" * 400}}}', "x: a number is larger than any float64"),
        ('{"x": [1, 1e400]}', "1e400 is larger than any float64"),
        ('{"x": 1, "x": 2}', "x has a value already"),
    ],
)
def test_wrong_json_is_refused(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=re.escape(told)):
        points.read([str(path)])


def test_a_header_alone_is_no_points(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("x,A[0],A[1]\n")
    named = points.read([str(path)]).named
    assert {name: value.shape for name, value in named.items()} == {"x": (0,), "A": (0, 2)}


@pytest.mark.parametrize("text", ["x=1e400", "x=[1,-1e999]", "1,1e400"])
def test_infinity_is_written_as_such(text: str) -> None:
    with pytest.raises(UsageError, match="a number that float64 can hold"):
        points.read([text])
    assert points.read(["x=inf"]).named["x"] == np.inf


def test_named_inputs_are_no_vector() -> None:
    assert points.read_named(["x=2"], "--shared")["x"] == 2.0
    with pytest.raises(UsageError, match="--shared: inputs are expected by name"):
        points.read_named(["2,5"], "--shared")


def test_archives_that_cannot_be_unpacked_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, x=2.0)
    plain = path.read_bytes()
    for at, value in ((6, 1), (8, 99)):  # Encrypted; packed in an unknown way.
        content = bytearray(plain)
        content[at] = content[content.index(b"PK\x01\x02") + at + 2] = value
        path.write_bytes(content)
        with pytest.raises(UsageError, match=re.escape(str(path))):
            points.read([str(path)])


def test_whole_numbers_beyond_64_bits_are_rounded(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"x": 10**30, "y": [10**20, 1]}))
    named = points.read([str(path)]).named
    assert named["x"] == 1e30
    assert np.array_equal(named["y"], [1e20, 1.0])


def test_numpy_files_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.arange(6).reshape(3, 2))
    np.savez(tmp_path / "p.npz", x=np.float32(2.5), A=np.eye(2))
    assert np.array_equal(points.read([str(tmp_path / "p.npy")]).argument(), np.arange(6.0).reshape(3, 2))
    named = points.read([str(tmp_path / "p.npz")]).named
    assert named["x"] == 2.5
    assert np.array_equal(named["A"], np.eye(2))


def _header(shape: str) -> bytes:
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode()


@pytest.mark.parametrize("content", [b"", b"no array", _header("(1000000000000000,)"), _header("(-1,)")])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_damaged_numpy_files_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"p{suffix}"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(str(path))):
        points.read([str(path)])


def test_what_an_archive_promises_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", _header("(1000000000000000,)"))
    with pytest.raises(UsageError, match=re.escape(str(path))):
        points.read([str(path)])


def test_pickles_are_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "p.npz", x=np.array([None]))
    for name in ("p.npy", "p.npz"):
        with pytest.raises(UsageError, match="plain numbers"):
            points.read([str(tmp_path / name)])


@pytest.mark.parametrize("text", ["nothing.json", "nothing.csv", "nothing.npz", "what", ""])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        points.read([text])
