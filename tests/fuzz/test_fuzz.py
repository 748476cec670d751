"""The fuzzer, in its short form; and that it would see what it is there to see."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import memory, supervise
from tests.fuzz.answers import Answer, fault
from tests.fuzz.black_box import BlackBox
from tests.fuzz.findings import Findings
from tests.fuzz.requests import Asked
from tests.fuzz.sockets import over_sockets
from tests.fuzz.worker import BOX

SEED = 20_000
"""The seeds of this test are fixed; ``make fuzz`` takes new ones."""


def test_handlers_answer_whatever_arrives() -> None:
    findings = supervise.in_processes(SEED, 3000, 300.0, 1)
    assert findings.all_faults() == []
    assert findings.calls == 3000
    # Most of it must get past the parser, and some of it all the way.
    assert findings.codes["grown list: OK"] > 150


def test_a_server_answers_whatever_arrives() -> None:
    findings = over_sockets(SEED, 700, 150, 300.0)
    assert findings.all_faults() == []
    assert findings.calls == 850


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer("INTERNAL", "the server failed", {}, []), "no proper code"),
        (Answer("UNKNOWN", "Exception calling application", {}, []), "no proper code"),
        (Answer("INVALID_ARGUMENT", "something is wrong", {}, []), "without a reason"),
        (Answer("OK", "", {}, [b"\xff\xff"]), "is no wengert.v1.EvaluateResponse"),
        (Answer("OK", "", {}, []), "expected INVALID_ARGUMENT"),
    ],
)
def test_an_improper_answer_is_seen(answer: Answer, told: str) -> None:
    expected = "INVALID_ARGUMENT" if "expected" in told else ""
    assert told in fault(Asked("test", "Evaluate", [b""], expected), answer)


def test_a_crash_is_seen_with_what_was_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(folder: Path, *_: object) -> supervise._Process:
        folder.mkdir()
        BlackBox(folder / BOX).write("seed 7, call 3: Evaluate", b"\x01\x02")
        stderr = folder / "stderr"
        stderr.write_text("Fatal Python error")
        command = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
        return supervise._Process("one", subprocess.Popen(command, stdout=subprocess.PIPE, text=True), folder, stderr)

    monkeypatch.setattr(supervise, "_start", start)
    (told,) = supervise.in_processes(7, 1, 60.0, 1).all_faults()
    assert "ended with -9; last asked: seed 7, call 3: Evaluate, sent 0102" in told
    assert "Fatal Python error" in told


def test_growth_is_told_as_a_fault() -> None:
    flat, growing = Findings("flat"), Findings("growing")
    for number in range(30):
        flat.remember("a", 100 << 20)
        growing.remember("a", (100 + 10 * number) << 20)
    assert flat.all_faults() == []
    assert growing.all_faults() == ["a has grown by 110 MiB"]
    assert memory.growth([1]) == 0
