"""Every exported name of the packages that workbench replaces has its counterpart, and every counterpart exists."""

import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

PARITY = Path(__file__).parent / "parity"
SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
NOT_NEEDED = 10
# Which seed document each file answers.
SEED_OF = {"genie": "000"}
_NAMES = (
    re.compile(r"(?:type|func|var) (?P<name>[A-Z]\w*)"),
    re.compile(r"func \((?:\w+ )?\*?(?P<type>\w+)\) (?P<name>[A-Z]\w*)"),
    re.compile(r"\t(?P<name>[A-Z]\w*)\s+\w+\s+= "),
)
_WHERE = re.compile(r"(?P<module>[\w.]+):(?P<path>[\w.]+)(?:\((?P<parameter>\w+)\))?")


def parity(name: str) -> dict[str, str]:
    return tomllib.loads((PARITY / f"{name}.toml").read_text())


def seed(name: str) -> str:
    if not SEEDS.is_dir():
        pytest.skip("the seed documents are not beside the project")
    (found,) = SEEDS.glob(f"{SEED_OF[name]}_*.txt")
    return found.read_text()


def exported(text: str) -> set[str]:
    names = set()
    for line in text.splitlines():
        for pattern in _NAMES:
            if match := pattern.match(line):
                owner = match.groupdict().get("type")
                names.add(f"{owner}.{match['name']}" if owner else match["name"])
    return names


def found(where: str) -> Any:
    match = _WHERE.fullmatch(where)
    assert match, where
    value = import_module(match["module"])
    for part in match["path"].split("."):
        value = getattr(value, part)
    if match["parameter"]:
        assert match["parameter"] in inspect.signature(value).parameters, where
    return value


@pytest.mark.parametrize("name", SEED_OF)
def test_every_counterpart_exists(name: str) -> None:
    for go, where in parity(name).items():
        if not where.startswith(("step ", "not needed: ")):
            assert found(where) is not None, go


@pytest.mark.parametrize("name", SEED_OF)
def test_every_name_of_the_seed_is_answered(name: str) -> None:
    assert exported(seed(name)) == set(parity(name))


@pytest.mark.parametrize("name", SEED_OF)
def test_few_names_are_not_needed_and_a_line_of_the_contract_allows_each(name: str) -> None:
    reasons = [where for where in parity(name).values() if where.startswith("not needed: ")]
    assert len(reasons) <= NOT_NEEDED
    for reason in reasons:
        assert re.search(r"contract \w+ §[\d.]+", reason), reason


@pytest.mark.parametrize("name", SEED_OF)
def test_every_field_of_a_row_is_a_field_of_its_record(name: str) -> None:
    rows = 0
    for block in re.finditer(r"^type (\w+) struct \{$(.*?)^\}$", seed(name), re.MULTILINE | re.DOTALL):
        fields = re.findall(r"gorm:.*json:\"(\w+)", block[2])
        if fields:
            record = found(parity(name)[block[1]])
            assert set(fields) <= set(record.__dataclass_fields__), block[1]
            rows += 1
    assert rows == 12
