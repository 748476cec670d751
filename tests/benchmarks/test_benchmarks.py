"""The benchmarks run, and their pages are what they should be; what they measure is no matter of a test."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from adengine import Engine
from benchmarks import chapters, contests, markdown, measure, output
from benchmarks.checking import check
from benchmarks.contests import Contest
from benchmarks.in_process import hold
from benchmarks.irregular import irregular_list, point
from benchmarks.peers.ours import received
from benchmarks.results import Chapter, Comparison, Table, Target


def test_quick_mode_of_one_chapter_writes_a_page_and_its_data(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "service", "--output", str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"PYTHONWARNINGS": ""})
    page = (tmp_path / "service.md").read_text()
    assert page in done.stdout
    assert "| wengert_client " in page
    raw = json.loads((tmp_path / "service.json").read_text())
    assert {"numpy", "grpcio", "processor"} <= set(raw["machine"])
    comparisons = raw["chapter"]["comparisons"]
    assert all(second > 0 for each in comparisons for timing in each["timings"] for second in timing["seconds"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["service.json", "service.md"]


@pytest.mark.parametrize("contest", contests.contests(quick=True)[-3:], ids=("gaussian", "network", "mixture"))
def test_systems_agree_on_a_small_problem(contest: Contest) -> None:
    held = hold(contest, Engine(), measure.QUICK)
    assert [each.task for each in held.comparisons] == [task.value for task in contest.tasks]
    assert all(len(each.timings) >= 2 for each in held.comparisons)


def test_an_irregular_list_has_as_many_statements_as_asked_and_a_finite_gradient() -> None:
    for statements in (4, 50, 5000):
        function = received(irregular_list(statements))
        assert function.statements == statements
        gradient = Engine().vjp(function, point()).cotangents
        assert np.isfinite(gradient).all()
        assert gradient.any()


def test_a_wrong_answer_is_not_timed() -> None:
    right = (np.array([1.0, 2.0]),)
    check((np.array([1.0, 2.0 + 1e-12]),), right, 1e-9, "f")
    with pytest.raises(ValueError, match=r"f: A is 5\.0e-01 away from"):
        check((np.array([1.0, 3.0]),), right, 1e-9, "f: A")
    with pytest.raises(ValueError, match="nan"):
        check((np.array([1.0, math.nan]),), right, 1e-9, "f: A")
    with pytest.raises(ValueError, match="shape"):
        check((np.array([[1.0, 2.0]]),), right, 1e-9, "f: A")


def test_contenders_take_turns() -> None:
    order: list[str] = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    timings = measure.compare_single_calls(calls, 10)
    assert order == ["a", "b"] * (len(order) // 2)
    assert [(each.name, len(each.seconds)) for each in timings] == [("a", 10), ("b", 10)]


def test_numbers_are_shown_with_three_digits_and_the_unit_that_suits() -> None:
    assert [markdown.seconds_text(s) for s in (2.0, 0.0123456, 4.5e-6, 9.99e-8)] == [
        "2.00 s", "12.3 ms", "4.50 us", "99.9 ns",
    ]  # fmt: skip
    assert [markdown.number_text(x) for x in (1234.5, 123.4, 0.01234)] == ["1234", "123", "0.0123"]


def made_up_chapter() -> Chapter:
    timings = (measure.Timing("ours", 3, (2e-6, 3e-6, 4e-6)), measure.Timing("theirs", 1, (6e-6, 6e-6, 7e-6)))
    return Chapter(
        "made-up",
        "Made up",
        "Numbers from nowhere.",
        [Target("ratio", 0.6, 0.5, "x"), Target("points", 1.0, 0.5, "M/s", at_most=False)],
        [Comparison("Race", timings, "ours", "f")],
        [Table("Sizes", ["", "n"], [["small", "3"]], "A note.")],
    )


def test_a_chapter_becomes_a_page() -> None:
    page = markdown.chapter_text(made_up_chapter())
    assert page.startswith("# Made up\n\nNumbers from nowhere.\n")
    assert "| ratio  |  at most 0.6 x |   0.500 x | yes |" in page
    assert "| points | at least 1 M/s | 0.500 M/s |  no |" in page
    assert "| Race: f | minimum |  median | / ours | rounds |" in page
    assert "| theirs  | 6.00 us | 6.00 us |   2.00 |      3 |" in page
    assert "| small |   3 |\n\nA note." in page


def test_the_front_page_comes_with_whole_runs_only(tmp_path: Path) -> None:
    output.write(tmp_path, [made_up_chapter()], {"cores": "2"}, whole=False)
    assert not (tmp_path / "README.md").exists()
    output.write(tmp_path, [made_up_chapter()], {"cores": "2"}, whole=True)
    front = (tmp_path / "README.md").read_text()
    assert "## [Made up](made-up.md)" in front
    assert "| cores | 2   |" in front


def test_chapters_are_named_for_the_command_line() -> None:
    assert all(name == name.lower() and " " not in name for name in chapters.CHAPTERS)
