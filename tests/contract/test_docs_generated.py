"""What is generated and committed is what would be generated now."""

import pytest

from adengine.primitives import TABLE
from adengine.primitives import Primitive as PrimitiveRow
from tools import generate_docs, generate_kernels, generate_numpy, generate_rooms
from wengert.v1 import Primitive

ENTRIES = generate_docs.entries(generate_docs.PROTO.read_text(encoding="ascii"))


def test_the_pages_are_those_of_the_table_and_the_settings() -> None:
    assert generate_docs.stale() == [], "run: make generate"


def test_the_page_of_numpy_is_that_of_the_probes() -> None:
    assert not generate_numpy.stale(), "run: make generate"


def test_every_file_stands_on_the_page_of_its_package() -> None:
    assert generate_rooms.stale() == [], "run: make generate; files by name: into tools/generate_rooms.py"


def test_the_dispatcher_is_that_of_the_table() -> None:
    assert generate_kernels.TARGET.read_text(encoding="utf-8") == generate_kernels.generate(), "run: make generate"


def test_the_enum_is_read_whole() -> None:
    known = {number: name.removeprefix("PRIMITIVE_") for name, number in Primitive.items() if number}
    assert {entry.number: entry.name for entry in ENTRIES} == known


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_page_has_every_row(row: PrimitiveRow) -> None:
    assert f"| {row.number} | `{row.name}" in generate_docs.primitives_page()
