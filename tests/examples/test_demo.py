"""The demo as a person runs it, and what it does when an answer is wrong."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples import demo, local_server, questions
from examples.questions import Question
from wengert_client import Report, ValueAndDerivative

ROOT = Path(__file__).parents[2]
FUNCTIONS = [
    "x1 x2 + sin x1", "normal log-density", "POLLU", "Brusselator 32 x 32", "Rosenbrock 1000, arrays",
    "ADBench mixture", "NIST Misra1a", "NIST Rat43", "NIST Thurber", "NIST Gauss1", "NIST Roszman1",
]  # fmt: skip


def test_the_demo_runs_and_every_error_is_within_rounding(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "every error is within rounding" in done.stdout
    for name in FUNCTIONS:
        assert f"\n{name}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 160


def _answer(value: float, derivative: float) -> ValueAndDerivative:
    return ValueAndDerivative(np.array([value]), np.array([derivative, 2.0]), Report("reverse", 1, 8, 3, 0.0, "", "vm"))


def _question(answer: ValueAndDerivative) -> Question:
    return Question("gradient", 2, lambda _: answer, np.array([1.0, 2.0]), "by hand", np.array([3.0]))


@pytest.mark.parametrize(
    ("value", "derivative", "error"),
    [(3.0, 1.0, 0.0), (3.0, 1.5, 0.25), (3.3, 1.0, 0.1), (3.0, np.nan, np.nan), (np.nan, 1.0, np.nan)],
)
def test_errors_are_computed_of_values_and_derivatives(value: float, derivative: float, error: float) -> None:
    answer = _answer(value, derivative)
    assert _question(answer).error(answer) == pytest.approx(error, nan_ok=True)


def test_answers_of_another_shape_are_refused() -> None:
    answer = _answer(3.0, 1.0)
    other = dataclasses.replace(answer, derivative=np.ones((1, 2)))
    with pytest.raises(ValueError, match="shape"):
        _question(answer).error(other)


def test_a_wrong_answer_makes_the_demo_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem, (question, *_) = next(questions.questions())
    wrong = dataclasses.replace(question, derivative=question.derivative + 1e-9)
    monkeypatch.setattr(demo, "questions", lambda: iter([(problem, [question, wrong])]))
    monkeypatch.setattr(demo, "regressions", lambda: iter(()))
    assert demo.main() == 1
    assert "1 FAILED" in capsys.readouterr().out


def test_a_server_that_cannot_start_is_reported_with_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "ANY_PORT", "no address")
    with pytest.raises(RuntimeError, match="before it listened"), local_server.local_server(lambda _: None):
        pass
