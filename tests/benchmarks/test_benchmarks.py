"""The benchmarks run, and their pages are what they should be; what they measure is no matter of a test."""

import dataclasses
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from adengine import Engine
from benchmarks import (
    chapters,
    contests,
    markdown,
    measure,
    others,
    output,
    paper,
    reach,
    served,
    sparse,
    sparse_contests,
    streaming,
    watched,
)
from benchmarks.checking import check
from benchmarks.contests import Contest
from benchmarks.in_process import hold
from benchmarks.irregular import irregular_list, point
from benchmarks.peers import autograd_arrays, casadi_c
from benchmarks.peers.casadi_c import CasadiC
from benchmarks.peers.casadi_sx import CasadiSX
from benchmarks.peers.ours import COMPILED, NAME, engines, received
from benchmarks.peers.system import Task
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


def test_services_that_are_not_installed_are_left_out_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(others, "PYTHON", Path("nowhere"))
    with others.others(10) as services:
        assert services == []
    assert "other services are left out: nowhere is not there" in capsys.readouterr().err


def test_other_services_answer_as_ours_does() -> None:
    if not others.PYTHON.exists():
        pytest.skip("other services are not installed; make bench brings them")
    x = np.linspace(0.0, 1.0, 10)
    with others.others(10) as services:
        assert tuple(each.name for each in services) == others.NAMES
        for each in services:
            tiny = np.array([10.0 + np.sin(2.0)]), np.array([[5.0 + np.cos(2.0), 2.0]])
            check(each.answer("tiny"), tiny, 1e-15, each.name)
            check(each.answer("dense"), (x * x.sum(), x.sum() * np.eye(10) + x[:, None]), 1e-15, each.name)
            assert len(each.seconds("tiny", 2)) == 2


def test_servers_that_are_watched_and_guarded_answer() -> None:
    chapter = watched.watched(measure.QUICK)
    tiny, health = chapter.comparisons
    assert all(timing.seconds for timing in health.timings)
    # Without openssl TLS is left out, with a word.
    assert {watched.PLAIN, watched.TRACES} <= {timing.name for timing in tiny.timings}
    assert all(len(timing.seconds) == measure.QUICK.single_calls for timing in tiny.timings)


ALL = (*contests.contests(quick=True), *sparse_contests.contests(quick=True))


@pytest.mark.parametrize("contest", ALL, ids=lambda each: f"{each.write().name}; {each.tasks[-1].value}")
def test_systems_agree_on_a_small_problem(contest: Contest) -> None:
    held = hold(contest, engines(), measure.QUICK)
    assert [each.task for each in held.comparisons] == [task.value for task in contest.tasks]
    assert all(len(each.timings) >= min(2, 1 + len(contest.peers)) for each in held.comparisons)
    assert all({"built", "first call"} <= set(stages.seconds) for stages in held.once.values())


def test_generated_c_answers_as_the_engine_does_and_its_compilation_is_timed() -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    contest = dataclasses.replace(contests.contests(quick=True)[0], peers=(CasadiC,))
    held = hold(contest, engines(), measure.QUICK)
    assert all(CasadiC.name in {timing.name for timing in each.timings} for each in held.comparisons)
    assert all(held.once[CasadiC.name, task.value].seconds["compiled"] > 0 for task in contest.tasks)


def test_c_that_would_compile_for_minutes_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casadi_c, "MOST_NODES", 10)
    monkeypatch.setattr(casadi_c, "needs_gcc", lambda: None)
    contest = dataclasses.replace(contests.contests(quick=True)[0], tasks=(Task.F,), peers=(CasadiSX, CasadiC))
    held = hold(contest, engines(), measure.QUICK)
    assert [each.name for each in held.comparisons[0].timings] == [NAME, COMPILED, CasadiSX.name]
    (reason,) = held.left_out
    assert "more than 10 nodes, for which gcc takes minutes" in reason


def test_a_system_that_is_not_there_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "autograd", None)
    contest = dataclasses.replace(
        contests.contests(quick=True)[0],
        tasks=(Task.F,),
        peers=(CasadiSX, CasadiC, contests.autograd_of(autograd_arrays.rosenbrock)),
    )
    held = hold(contest, engines(), measure.QUICK)
    assert [each.name for each in held.comparisons[0].timings] == [NAME, COMPILED, CasadiSX.name]
    assert ["gcc" in held.left_out[0], "autograd" in held.left_out[1]] == [True, True]


def made_up_held(name: str, seconds: dict[tuple[str, Task], float]) -> reach.Held:
    tasks = dict.fromkeys(task for _, task in seconds)
    comparisons = [
        Comparison(
            name,
            [measure.Timing(who, 1, (s,)) for (who, of), s in seconds.items() if of is task],
            "wengert",
            task.value,
        )
        for task in tasks
    ]
    return reach.Held(name, "", 5000, comparisons)


def test_aims_are_ratios_of_medians_of_the_right_contenders() -> None:
    held = made_up_held(
        "Lotka-Volterra, 200 RK4 steps",
        {
            ("wengert", Task.F): 4e-6, ("wengert, compiled", Task.F): 1e-6, ("CasADi SX VM", Task.F): 5e-6,
            ("CasADi C, gcc -O2", Task.F): 2e-6, ("wengert", Task.VJP): 8e-6, ("wengert, compiled", Task.VJP): 3e-6,
        },
    )  # fmt: skip
    stages = measure.Stages()
    stages.seconds |= {"built": 0.010008, "compiled": 0.05}
    held.transform_s = 0.01
    held.once = {("wengert", Task.VJP.value): stages, ("wengert, compiled", Task.F.value): stages}
    gcc = measure.Stages()
    gcc.seconds["compiled"] = 5.0
    held.once["CasADi C, gcc -O2", Task.F.value] = gcc
    found = {target.what: (target.aim, round(target.reached, 6)) for target in reach.targets([held])}
    assert found == {
        f"{held.name}: f, wengert / CasADi SX VM": (0.8, 0.8),
        f"{held.name}: f, wengert, compiled / CasADi SX VM": (0.35, 0.2),
        f"{held.name}: f, wengert, compiled / CasADi C, gcc -O2": (1.2, 0.5),
        f"time to compile f, wengert, compiled / CasADi C; the worst: {held.name}": (0.02, 0.01),
        f"(f and J^T v) / f, wengert; the worst: {held.name}": (3.0, 2.0),
        f"(f and J^T v) / f, wengert, compiled; the worst: {held.name}": (2.5, 3.0),
        f"adjoint list made, for each statement of f; the worst: {held.name}": (1.5, 2.0),
    }
    other = made_up_held("Rosenbrock 1000, residuals, scalars", {("wengert", Task.F): 1e-6})
    times = {("wengert", Task.HESSIAN): 2e-6, ("CasADi SX VM", Task.HESSIAN): 8e-6}
    second = made_up_held("Rosenbrock 1000, scalars", times)
    assert [(target.aim, target.reached) for target in reach.sparse_targets([other, second])] == [(0.5, 0.25)]


def test_an_irregular_list_has_as_many_statements_as_asked_and_a_finite_gradient() -> None:
    for statements in (4, 50, 5000, 200_000):
        function = received(irregular_list(statements))
        assert function.statements == statements
        values, gradient, _ = Engine().vjp(function, point())
        assert np.isfinite(values).all()
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


def test_the_front_page_shows_aims_or_the_chosen_table_or_the_text() -> None:
    plain = dataclasses.replace(made_up_chapter(), targets=())
    chosen = dataclasses.replace(plain, front=Table("", ["", "reached"], [["race", "7 us"]]))
    assert "| ratio " in markdown.front_page([made_up_chapter()], {})
    assert "Numbers from nowhere." in markdown.front_page([plain], {})
    assert "| race |    7 us |" in markdown.front_page([chosen], {})


def test_chapters_are_named_for_the_command_line() -> None:
    assert all(name == name.lower() and " " not in name for name in chapters.CHAPTERS)


def test_sensitivities_by_the_engine_stand_beside_differences_and_the_papers_figures() -> None:
    chapter = paper.paper(measure.QUICK)
    (comparison,) = chapter.comparisons
    wanted = {paper.BY_HAND, paper.TOGETHER, "wengert", "differences over wengert, point by point"}
    assert wanted <= {each.name for each in comparison.timings}
    assert chapter.tables[0].rows[0][-2:] == ["5.46", "123 us"]


def test_sparse_jacobians_have_a_chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "contests", lambda *, quick: sparse_contests.contests(quick=quick)[:1])
    chapter = sparse.sparse(measure.QUICK)
    assert [each.task for each in chapter.comparisons] == [Task.F.value, *[Task.SPARSE.value] * 3]
    aims = [target.what for target in chapter.targets]
    assert any("all at once / one by one" in what for what in aims)
    assert any(": pattern" in what for what in aims)
    assert len(chapter.tables[2].rows) == 3


def test_the_servers_answers_are_those_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [contests.contests(quick=True)[0], contests.contests(quick=True)[3]]
    monkeypatch.setattr(served, "contests", lambda *, quick: chosen)
    chapter = served.served(measure.QUICK)
    assert len(chapter.comparisons) == len(chapter.tables[0].rows) == sum(len(each.tasks) for each in chosen)
    assert all(
        {served.LOCAL, served.REMOTE, served.BARE} <= {t.name for t in each.timings} for each in chapter.comparisons
    )


def test_sessions_and_blocks_are_measured() -> None:
    chapter = streaming.streaming(measure.QUICK)
    assert [len(each.timings) for each in chapter.comparisons] == [6, 6, 4]
    assert all(target.reached > 0 for target in chapter.targets)
