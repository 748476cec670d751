"""The case files: up to date, complete, readable."""

import pytest

from tests import reference_arrays, reference_rules
from tests.conformance.cases import DATA, load
from tests.conformance.generate import SECTIONS, text
from wengert import v1


@pytest.mark.parametrize("section", SECTIONS)
def test_files_are_what_the_generator_writes(section: str) -> None:
    committed = (DATA / f"{section}.json").read_text()
    assert committed == text(section), "run: python -m tests.conformance.generate"


def test_there_are_no_other_files() -> None:
    assert {path.stem for path in DATA.iterdir()} == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_names_are_unique_and_requests_survive_the_file(section: str) -> None:
    read = load(DATA / f"{section}.json")
    names = [case.name for case in read]
    assert len(set(names)) == len(names)
    for case, made in zip(read, SECTIONS[section].cases(), strict=True):
        again = case.request if isinstance(case.request, bytes) else type(case.request).FromString(case.request_bytes)
        assert again == made.request, case.name


def test_every_primitive_of_the_reference_has_a_case() -> None:
    used: set[v1.Primitive.ValueType] = set()
    for section in ("primitives-ordinary", "shapes"):
        for case in load(DATA / f"{section}.json"):
            assert isinstance(case.request, v1.JacobianRequest)
            used |= set(case.request.function.list.primitives)
    names = {v1.Primitive.Name(number).removeprefix("PRIMITIVE_") for number in used}
    assert names >= {*reference_rules.ELEMENTWISE, *reference_arrays.ARRAYWISE, "CONSTANT"}
