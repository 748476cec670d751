"""Functions held before the first call: files of a folder, and what is said of those that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from google.protobuf import json_format

from tests.reference import function_id
from tests.server.asking import product
from tests.serving import running_server
from tests.wire_lists import tensor
from wengert import v1
from wengert.v1.service_pb2_grpc import DifferentiationServiceStub
from wengert_server.preload import preload

if TYPE_CHECKING:
    from pathlib import Path


def _answer(data: bytes) -> bytes:
    request = v1.RegisterRequest.FromString(data)
    return v1.RegisterResponse(info=v1.FunctionInfo(id=function_id(request.function.list))).SerializeToString()


def _request() -> v1.RegisterRequest:
    request = v1.RegisterRequest(function=v1.FunctionSource(list=product()))
    request.prepare.add(call=v1.NumericalCall.NUMERICAL_CALL_JACOBIAN)
    return request


def test_each_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "a.binpb").write_bytes(product().SerializeToString())
    (tmp_path / "b.json").write_text(json_format.MessageToJson(product()))
    (tmp_path / "c.register.binpb").write_bytes(_request().SerializeToString())
    (tmp_path / "d.register.json").write_text(json_format.MessageToJson(_request()))
    (tmp_path / ".hidden").write_text("not looked at")
    seen: list[v1.RegisterRequest] = []

    def register(data: bytes) -> bytes:
        seen.append(v1.RegisterRequest.FromString(data))
        return _answer(data)

    assert preload(str(tmp_path), register) == 4
    assert [request.function.list for request in seen] == [product()] * 4
    assert [len(request.prepare) for request in seen] == [0, 0, 1, 1]


def test_a_server_has_them_before_the_first_call(tmp_path: Path) -> None:
    (tmp_path / "product.register.binpb").write_bytes(_request().SerializeToString())
    with running_server("--preload", str(tmp_path), "--log-format", "json") as server, server.channel() as channel:
        asked = v1.JacobianRequest(function=v1.FunctionSource(id=function_id(product())), points=tensor([3.0, 4.0]))
        response = DifferentiationServiceStub(channel).Jacobian(asked)
        assert list(response.dense.values) == [4.0, 3.0]
        assert response.report.tier == "machine"
        assert '"preloaded"' in server.logged()


def test_every_bad_file_is_named_and_the_server_does_not_start(tmp_path: Path) -> None:
    wrong = product()
    wrong.arguments[-1] = 99
    (tmp_path / "good.binpb").write_bytes(product().SerializeToString())
    (tmp_path / "list.binpb").write_bytes(wrong.SerializeToString())
    (tmp_path / "bytes.binpb").write_bytes(b"\xff\xff")
    (tmp_path / "text.json").write_text("{")
    (tmp_path / "field.json").write_text('{"sentences": 1}')
    (tmp_path / "readme.txt").write_text("")
    (tmp_path / "folder.json").mkdir()
    command = [sys.executable, "-m", "wengert_server", "--address", "127.0.0.1:0", "--preload", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    told = ended.stderr
    assert "wengert-server: what is to be preloaded cannot be used:" in told
    assert f"{tmp_path}/list.binpb: function.list.arguments" in told
    assert f"{tmp_path}/bytes.binpb: " in told
    assert f"{tmp_path}/text.json: Failed to load JSON" in told
    assert "sentences" in told
    assert f"{tmp_path}/readme.txt: a name that ends in .binpb or .json was expected" in told
    assert f"{tmp_path}/folder.json: " in told
    assert f"{tmp_path}/good.binpb: " not in told
    assert "Traceback" not in told


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nothing can be preloaded: No such file or directory"):
        preload(str(tmp_path / "none"), _answer)
