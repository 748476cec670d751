"""Progress bars: over what takes long, where somebody looks, or where they are asked for; otherwise silence."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.client.modes import EMBEDDED, client_in
from wengert_client import Function, ListBuilder, MissingDependency
from wengert_client import _progress as progress_of
from wengert_client._progress import Bars

if TYPE_CHECKING:
    from collections.abc import Iterator

POINTS = np.random.default_rng(0).normal(size=(20_000, 20))


@pytest.fixture(scope="module")
def f() -> Iterator[Function]:
    b = ListBuilder()
    x = b.input("x", 20)
    b.output("y", x * x.sum())
    with client_in(EMBEDDED, "--max-message-bytes", "1MiB", "--max-reply-elements", "250000") as client:
        yield client.function(b)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody looks, and is impatient."""
    monkeypatch.setattr(progress_of, "_somebody_looks", lambda: True)
    monkeypatch.setattr(progress_of, "DELAY_S", 0.0)


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


@pytest.mark.usefixtures("looked_at")
def test_where_somebody_looks_long_calls_show_theirs(f: Function, capsys: pytest.CaptureFixture[str]) -> None:
    f.value(POINTS)
    assert "Evaluate:" in shown(capsys)
    f.jacobian(POINTS[:2000])
    assert "Jacobian:" in shown(capsys)
    f.hvp(POINTS, np.ones(20), np.ones(20))
    assert "Hvp:" in shown(capsys)
    f.jacobian(POINTS[:2000], stream=True)
    assert shown(capsys).count("Jacobian:") >= 1
    f.value(POINTS[0])  # One call has nothing to count.
    assert shown(capsys) == ""


@pytest.mark.usefixtures("looked_at")
def test_bars_can_be_switched_off(f: Function, capsys: pytest.CaptureFixture[str]) -> None:
    quiet = f.with_options(progress=False)
    quiet.value(POINTS)
    quiet.jacobian(POINTS[:2000], stream=True)
    f.jacobian(POINTS[:2000], stream=True, progress=False)
    assert shown(capsys) == ""


def test_bars_can_be_asked_for(f: Function, capsys: pytest.CaptureFixture[str]) -> None:
    loud = f.with_options(progress=True)
    np.testing.assert_array_equal(loud.value(POINTS), f.value(POINTS))
    told = shown(capsys)
    assert "Evaluate: 100%" in told
    assert "20000/20000" in told
    f.jacobian(POINTS[0], progress=True)
    assert "Jacobian: 100%" in shown(capsys)
    loud.jacobian(POINTS[0], sparse=True)  # Nothing comes in blocks, and nothing is refused.


def test_nobody_looks_and_nothing_is_shown(f: Function, capsys: pytest.CaptureFixture[str]) -> None:
    f.value(POINTS)
    f.jacobian(POINTS[:2000], stream=True)
    assert shown(capsys) == ""


def test_short_work_shows_nothing_and_loads_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_of, "_somebody_looks", lambda: True)
    monkeypatch.setattr(progress_of, "_tqdm", lambda: pytest.fail("loaded"))
    with Bars(None)("work", 10, "") as progress:
        for _ in range(10):
            progress.add(1)
    assert shown(capsys) == ""


def test_a_bar_that_comes_late_tells_all_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_of, "_somebody_looks", lambda: True)
    now = [0.0]
    monkeypatch.setattr(progress_of, "monotonic", lambda: now[0])
    with Bars(None)("work", 10, " steps") as progress:
        progress.add(4)
        assert shown(capsys) == ""
        now[0] = 2.0
        progress.add(2)
        assert "6/10" in shown(capsys)


def test_without_tqdm(f: Function, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    monkeypatch.setattr(progress_of, "_somebody_looks", lambda: True)
    monkeypatch.setattr(progress_of, "DELAY_S", 0.0)
    f.value(POINTS)  # It was not asked for.
    assert shown(capsys) == ""
    with pytest.raises(MissingDependency, match=r"wengert\[progress\]"):
        f.with_options(progress=True).value(POINTS)


def test_over_a_terminal_or_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert not progress_of._somebody_looks()
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert progress_of._somebody_looks()
    monkeypatch.setattr(sys, "stderr", None)
    assert not progress_of._somebody_looks()
    stand_in: Any = object()
    monkeypatch.setitem(sys.modules, "ipykernel", stand_in)
    assert not progress_of._somebody_looks()  # There is nowhere to write to.


def test_options_are_kept_by_sessions(f: Function) -> None:
    assert f.with_options(progress=False).with_options(deadline_s=5.0).held.progress is False
    assert f.held.progress is None
