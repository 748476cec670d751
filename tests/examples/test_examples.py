"""The ten examples: each runs, in this process and as a person runs it, and holds its published numbers."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import running_server
from wengert_server import embedded

ROOT = Path(__file__).parents[2]
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
#: The numbers that each prints, once it has held them.
PRINTED = {
    "nist_fits": "Thurber",
    "newton_hs71": "17.014017",
    "robertson": "-3.55952",
    "van_der_pol": "1.70616",
    "sparse_newton": "299998 entries, 3 colors",
    "logistic_regression": "569 samples, 31 parameters",
    "greeks": "price 10.450583572185",
    "kinematics": "determinant of the Jacobian 0.046730",
    "backpropagation": "gradient by 337 parameters",
    "lorenz96": "13 are positive; their sum is -40.0",
}


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_holds_its_numbers(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WENGERT_TARGET", raising=False)
    importlib.import_module(f"examples.{name}").main()
    assert PRINTED[name] in capsys.readouterr().out


def test_examples_compute_on_a_server_that_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("this process computes, though a server is named")

    monkeypatch.setattr(embedded, "channel", refuse)
    with running_server() as server:
        monkeypatch.setenv("WENGERT_TARGET", server.address)
        for name in ("greeks", "backpropagation"):
            importlib.import_module(f"examples.{name}").main()
            assert PRINTED[name] in capsys.readouterr().out


def test_an_example_is_a_script(tmp_path: Path) -> None:
    script = ROOT / "examples" / "greeks.py"
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PRINTED["greeks"] in done.stdout


def test_the_page_and_make_name_all_of_them() -> None:
    rows = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \|", README, flags=re.MULTILINE)
    assert rows == list(PRINTED)
    listed = re.search(r"^EXAMPLES := ([\w \t\\\n]+?)$\n\n", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert listed is not None
    assert listed[1].replace("\\\n", " ").split() == list(PRINTED)


def test_a_wrong_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    greeks = importlib.import_module("examples.greeks")
    monkeypatch.setattr(greeks, "PRICE", greeks.PRICE * (1 + 1e-12))
    with pytest.raises(AssertionError, match="Mismatched"):
        greeks.main()
