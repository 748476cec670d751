"""The command as a shell runs it: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tests.client.command.running import BAYDIN, environment, wengert
from tests.serving import RunningServer
from wengert.v1 import WengertList
from wengert_client import ListBuilder, ops

ROOT = Path(__file__).parents[3]
AT = ("--at", "x1=2,x2=5")
# Values of Baydin et al. 2018.
VALUE, BY_X1, BY_X2 = 11.652071455223084, 5.5, 2.0 - np.cos(5.0)


def written(tmp_path: Path, builder: ListBuilder) -> str:
    path = tmp_path / "function.binpb"
    path.write_bytes(builder.build().SerializeToString())
    return str(path)


# ---- what is asked for


def test_values_and_gradients_are_printed(baydin: str, target: str) -> None:
    done = wengert("eval", baydin, *AT, target=target)
    assert (done.status, done.out, done.err) == (0, "f  11.65207146\n", "")
    done = wengert("gradient", baydin, *AT, "--report", target=target)
    assert done.status == 0, done.err
    lines = done.out.split("\n")
    assert lines[:3] == ["    at  gradient", "x1  2   5.5", "x2  5   1.716337815"]
    assert "1 reverse sweep" in done.out


def test_json_is_exact(baydin: str, target: str) -> None:
    found = json.loads(wengert("hessian", baydin, *AT, "--json", target=target).out)
    assert found["values"] == {"f": VALUE}
    assert found["gradient"] == {"x1": BY_X1, "x2": pytest.approx(BY_X2, rel=1e-15)}
    assert found["columns"] == [{"name": "x1", "shape": []}, {"name": "x2", "shape": []}]
    assert np.allclose(found["hessian"], [[-0.25, 1.0], [1.0, np.sin(5.0)]], rtol=1e-15)
    assert re.fullmatch("[0-9a-f]{64}", found["id"])


def test_arrays_go_into_a_file(baydin: str, server: RunningServer, tmp_path: Path) -> None:
    np.savetxt(
        tmp_path / "points.csv", [[2.0, 5.0], [1.0, 0.0], [3.0, 4.0]], delimiter=",", header="x1,x2", comments=""
    )
    points = str(tmp_path / "points.csv")
    done = wengert("jacobian", baydin, "--at", points, "--npz", str(tmp_path / "j.npz"), target=server.address)
    assert (done.status, done.out) == (0, ""), done.err
    with np.load(tmp_path / "j.npz", allow_pickle=False) as found:
        assert found["jacobian"].shape == (3, 1, 2)
        assert found["values.f"][0] == VALUE
        assert np.allclose(found["jacobian"][0, 0], [BY_X1, BY_X2], rtol=1e-15)
    shown = wengert("jacobian", baydin, "--at", points, target=server.address).out
    assert [line for line in shown.split("\n") if line.startswith("point")] == ["point 0:", "point 1:", "point 2:"]


def test_arrays_are_given_and_shown_by_their_elements(server: RunningServer, tmp_path: Path) -> None:
    b = ListBuilder()
    A, x, k = b.input("A", (2, 2)), b.input("x", 2), b.input("k", default=2.0)
    b.output("y", k * (A @ x))
    source = written(tmp_path, b)
    at = ("--at", "A=[[1,2],[3,4]]", "--at", "x=[1,-1e-9]")
    done = wengert("eval", source, *at, target=server.address)
    assert done.out.split("\n")[:2] == ["y[0]  1.999999996", "y[1]  5.999999992"]
    done = wengert("jacobian", source, *at, "--wrt", "x,k", target=server.address)
    assert [line.split() for line in done.out.rstrip().split("\n")] == [
        ["x[0]", "x[1]", "k"], ["y[0]", "2", "4", "1"], ["y[1]", "6", "8", "3"],
    ]  # fmt: skip
    found = json.loads(wengert("jacobian", source, *at, "--json", target=server.address).out)
    assert found["columns"] == [{"name": "A", "shape": [2, 2]}, {"name": "x", "shape": [2]}]
    done = wengert("gradient", source, *at, target=server.address)
    assert (done.status, done.out) == (1, "")
    assert "a gradient is of one output scalar" in done.err


def test_the_defaults_are_the_point_where_none_is_given(server: RunningServer, tmp_path: Path) -> None:
    b = ListBuilder()
    x, y = b.input("x", default=3.0), b.input("y", default=4.0)
    b.output("f", x * y)
    source = written(tmp_path, b)
    found = json.loads(wengert("gradient", source, "--json", target=server.address).out)
    assert (found["values"], found["gradient"]) == ({"f": 12.0}, {"x": 4.0, "y": 3.0})
    found = json.loads(wengert("gradient", source, "--at", "x=1", "--json", target=server.address).out)
    assert (found["values"], found["gradient"]) == ({"f": 4.0}, {"x": 4.0})


def test_a_function_that_a_server_has_is_called_by_its_id(baydin: str, server: RunningServer) -> None:
    known = json.loads(wengert("describe", baydin, "--json", target=server.address).out)["id"]
    assert wengert("eval", known, *AT, target=server.address).out == "f  11.65207146\n"
    done = wengert("convert", known, "--to", "json", target=server.address)
    assert json.loads(done.out)["outputs"] == [{"name": "f", "argument": 7}]


def test_patterns_are_drawn(server: RunningServer, tmp_path: Path) -> None:
    b = ListBuilder()
    x = b.input("x", 4)
    b.output("y", x[1:] * x[:-1])
    source = written(tmp_path, b)
    done = wengert("sparsity", source, target=server.address)
    assert done.out.split("\n\n")[1] == "xx..\n.xx.\n..xx\n"
    assert "2 of 4 directions" in done.out
    found = json.loads(wengert("sparsity", source, "--json", target=server.address).out)
    assert (found["shape"], found["row"], found["color"]) == ([3, 4], [0, 0, 1, 1, 2, 2], [0, 1, 0, 1])
    found = json.loads(wengert("jacobian", source, "--at", "1,2,3,4", "--sparse", "--json", target=server.address).out)
    assert found["jacobian"]["values"] == [2.0, 1.0, 3.0, 2.0, 4.0, 3.0]
    done = wengert("jacobian", source, "--at", "1,2,3,4", "--sparse", target=server.address)
    assert done.out.split("\n")[0].split() == ["y[0]", "x[0]", "2"]


def test_derivatives_are_checked(baydin: str, server: RunningServer) -> None:
    done = wengert("check", baydin, *AT, target=server.address)
    assert done.status == 0, done.err
    assert "passed" in done.out
    found = json.loads(wengert("check", baydin, "--json", target=server.address).out)
    assert found["verdict"] == "passed"
    assert found["drawn"].keys() == {"x1", "x2"}


def test_a_check_that_does_not_pass_has_a_status_of_its_own(server: RunningServer, tmp_path: Path) -> None:
    b = ListBuilder()
    b.output("f", abs(b.input("x")))
    # At a kink nothing can be compared.
    done = wengert("check", written(tmp_path, b), "--at", "x=0", target=server.address)
    assert (done.status, done.err) == (1, "")
    assert "inconclusive" in done.out


def test_infinities_and_nan_have_the_names_of_protobufs_json(server: RunningServer, tmp_path: Path) -> None:
    b = ListBuilder()
    x = b.input("x", 3)
    b.output("y", np.log(x))
    done = wengert("eval", written(tmp_path, b), "--at", "0,-1,inf", "--json", target=server.address)
    assert json.loads(done.out)["values"]["y"] == ["-Infinity", "NaN", "Infinity"]


def test_a_long_function_is_described_in_short(server: RunningServer, tmp_path: Path) -> None:
    b = ListBuilder()
    x = b.inputs(*(f"x{i}" for i in range(100)))
    y = x[0]
    for i in range(3000):
        y = ops.sin(y) * x[i % 100]
    b.output("f", y)
    done = wengert("describe", written(tmp_path, b), target=server.address)
    assert "6000 statements; --text prints them" in done.out
    assert len(done.out.split("\n")) < 60


def test_a_server_is_described(server: RunningServer) -> None:
    done = wengert("info", "--target", server.address)
    assert "message_bytes" in done.out
    assert "16 MiB" in done.out
    found = json.loads(wengert("info", "--json", target=server.address).out)
    assert found["limits"]["message_bytes"] == 16 << 20
    assert "SIN" in wengert("info", "--primitives", target=server.address).out.split()


# ---- forms


def test_binary_form_and_json_are_converted_without_a_server(baydin: str, tmp_path: Path) -> None:
    binary = str(tmp_path / "f.binpb")
    done = wengert("convert", baydin, "--output", binary, target="127.0.0.1:1")
    assert (done.status, done.out, done.err) == (0, "", "")
    message = WengertList.FromString(Path(binary).read_bytes())
    assert [each.name for each in message.inputs] == ["x1", "x2"]
    back = wengert("convert", "-", "--to", "json", given=Path(binary).read_bytes())
    again = wengert("convert", "-", "--to", "binary", "--output", str(tmp_path / "g"), given=back.out)
    assert again.status == 0
    assert (tmp_path / "g").read_bytes() == Path(binary).read_bytes()


def test_source_text_is_read_and_written(server: RunningServer, tmp_path: Path) -> None:
    text = "input x[2]\ninput k = 2\noutput f = k * sum(x^2)\n"
    found = json.loads(wengert("gradient", "-", "--at", "x=[1,3]", "--json", given=text, target=server.address).out)
    assert (found["values"], found["gradient"]) == ({"f": 20.0}, {"x": [4.0, 12.0]})
    binary = str(tmp_path / "f.binpb")
    assert wengert("convert", "-", "--output", binary, given=text, target=server.address).status == 0
    described = wengert("describe", binary, target=server.address).out
    assert f"id          {found['id']}" in described
    again = wengert("describe", binary, "--text", target=server.address).out
    assert json.loads(wengert("describe", "-", "--json", given=again, target=server.address).out)["id"] == found["id"]
    assert wengert("convert", binary, "--to", "text", target=server.address).out == again
    assert "SQUARE" in wengert("describe", binary, "--list", target=server.address).out


def test_what_is_wrong_with_a_text_is_shown(target: str) -> None:
    done = wengert("eval", "-", "--at", "x=1", given="input x\noutput f = x +* 2\n", target=target)
    assert (done.status, done.out) == (1, "")
    assert "line 2, column 15" in done.err
    assert done.err.split("\n")[2].index("^") == done.err.split("\n")[1].index("*")


def test_numbers_survive_json(tmp_path: Path) -> None:
    b = ListBuilder()
    x = b.input("x")
    for i, value in enumerate([np.nan, np.inf, -np.inf, -0.0, 0.1, 5e-324, 1.7976931348623157e308]):
        b.output(f"y{i}", x * value)
    source = written(tmp_path, b)
    there = wengert("convert", source, "--to", "json").out
    wengert("convert", "-", "--to", "binary", "--output", str(tmp_path / "g"), given=there)
    assert (tmp_path / "g").read_bytes() == Path(source).read_bytes()


# ---- the command itself


def test_the_command_is_installed_with_the_client() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"]["wengert"] == "wengert_client.command:main"


def test_help_names_every_command_and_every_exit_status() -> None:
    done = wengert("--help")
    assert done.status == 0
    for name in ("eval", "jacobian", "gradient", "hessian", "sparsity", "check", "describe", "convert", "info"):
        assert re.search(rf"^    {name} ", done.out, flags=re.MULTILINE)
        assert wengert(name, "--help").out.startswith(f"usage: wengert {name}")
    assert re.search(r"^  3  no answer", done.out, flags=re.MULTILINE)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    done = wengert("completion", shell)
    assert done.status == 0, done.err
    assert "jacobian" in done.out
    assert "tls-server-name" in done.out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["wengert", "he"], {"hessian"}),
        (["wengert", "jacobian", "--tls-"], {"--tls-roots", "--tls-certificate", "--tls-key", "--tls-server-name"}),
        (["wengert", "jacobian", "--mode", ""], {"auto", "forward", "reverse"}),
        (["wengert", "eval", "ba"], {"baydin.json"}),
    ],
)
def test_bash_completes_words(words: list[str], expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "completion.bash").write_text(wengert("completion", "bash").out)
    (tmp_path / "baydin.json").write_text(BAYDIN)
    listed = " ".join(shlex.quote(word) for word in words)
    given = f"source ./completion.bash; COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}"
    asked = f"{given}; _shtab_wengert; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(
        ["bash", "-c", asked], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == expected, done.stderr
