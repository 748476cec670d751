"""Functions, as files give them: which form they have, and that nothing else than a sentence refuses them."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.command.running import BAYDIN
from wengert.v1 import Input, Output, WengertList
from wengert_client.command import points, sources
from wengert_client.command.failures import UsageError

#: An input of no name that could pass for text, an output, and no statement: as like a text as a list can be.
BARE = WengertList(inputs=[Input(name="x" * 32)], outputs=[Output(name="y" * 40, argument=1)])


def source(tmp_path: Path, content: bytes, name: str = "source", form: str = "auto") -> sources.Source:
    path = tmp_path / name
    path.write_bytes(content)
    return sources.read(str(path), form)


@pytest.mark.parametrize("name", ["source", "f.json", "f.wg", "f.binpb"])
def test_the_name_or_the_look_says_what_it_is(name: str, tmp_path: Path) -> None:
    text = b"input x\noutput f = x\n"
    given = {"f.json": BAYDIN.encode(), "f.wg": text, "f.binpb": BARE.SerializeToString()}
    for each in given if name == "source" else [name]:
        found = source(tmp_path, given[each], name)
        assert (found.text is not None) == (each == "f.wg")
        assert (found.list is not None) == (each != "f.wg")
    assert source(tmp_path, text, form="text").text == text.decode()


def test_a_list_in_binary_form_never_looks_like_a_text() -> None:
    assert b"\x10" in BARE.SerializeToString()
    assert sources._looks_like(BARE.SerializeToString()) == "binary"


def test_64_digits_are_an_id_unless_there_is_such_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "0123456789abcdef" * 4
    assert sources.read(name, "auto").id == name
    Path(name).write_text("output f = 1")
    assert sources.read(name, "auto").text == "output f = 1"


@pytest.mark.parametrize(
    ("content", "form", "told"),
    [
        (b"\xff", "text", "byte 0 is no text in UTF-8"),
        (b"\xff", "json", "byte 0 is no text in UTF-8"),
        (b"\xff", "auto", "binary form"),
        (b"{", "auto", "not a WengertList in JSON"),
        (b'{"inputs": 1}', "auto", "not a WengertList in JSON"),
        (b'{"unheard_of": 1}', "auto", "unheard_of"),
        (b'{"bodies": [' * 5000, "auto", "not a WengertList in JSON"),
        (b'{"constants": [' + b"9" * 5000 + b"]}", "auto", "not a WengertList in JSON"),
    ],
)
def test_what_is_no_function_is_refused(content: bytes, form: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        source(tmp_path, content, form=form)
    assert str(tmp_path) in str(caught.value)


@given(st.binary(max_size=200), st.sampled_from(["auto", "text", "binary", "json"]))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes, form: str) -> None:
    with contextlib.suppress(UsageError):
        sources._parsed(content, form, "it")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
@settings(deadline=None)
def test_any_json_is_read_or_refused(value: object) -> None:
    with contextlib.suppress(UsageError):
        points._from_json(json.dumps(value))
    with contextlib.suppress(UsageError):
        sources._parsed(json.dumps(value).encode(), "json", "it")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
@settings(deadline=None)
def test_any_text_is_a_point_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        points.read([text])
