"""./run grid: several compounds from one sheet, all or nothing; cells that are odd."""

import json
from pathlib import Path

import pytest

from bot.cli.compound import import_file
from bot.cli.grid import run
from bot.cli.main import _parser
from bot.config import ConfigError, Settings, load_settings
from storage.database import Database
from storage.queries.tree import find_compound, list_region_codes_above
from tests.bot.settings_files import filled_in
from tests.roll.sheets import roll

COMPOUND = """
code = "XH-1"
name = "新禾苑"
[[region]]
level = "community"
code = "440199001"
name = "河沿社区"
[[building]]
code = "3"
"""
HEADER = ("片区编码", "片区", "小区编码", "小区", "楼栋", "房号", "网格")
NEW = [("P-2", "第二片区", "LH-2", "兰花里", "1栋", f"{floor}01", "甲") for floor in range(1, 4)]
OLD = [("", "", "XH-1", "新禾苑北区", "3栋", "501", "乙")]


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """A command does one thing at a time: nobody waits while it reads a file."""


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    (tmp_path / "yishi.toml").write_text(filled_in(f"sqlite:///{tmp_path}/yishi.db"), "utf-8")
    settings = load_settings(tmp_path / "yishi.toml")
    (tmp_path / "compound.toml").write_text(COMPOUND, "utf-8")
    assert await import_file(settings, str(tmp_path / "compound.toml")) == 0
    return settings


async def test_a_sheet_brings_in_several_compounds_or_none(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tree.xlsx"

    async def grid(*words: str) -> tuple[int, list[dict[str, object]]]:
        capsys.readouterr()
        code = await run(settings, _parser().parse_args(["grid", *words]))
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    async def names() -> list[str | None]:
        database = Database(settings.database.url.get_secret_value())
        try:
            async with database.read() as session:
                found = [await find_compound(session, code) for code in ("XH-1", "LH-2")]
                if found[1] is not None:
                    above = await list_region_codes_above(session, found[1].region_code)
                    assert above == ["P-2", "440199001"]
            return [each.name if each else None for each in found]
        finally:
            await database.close()

    file.write_bytes(roll([*OLD, *NEW], HEADER))
    code, told = await grid("import", str(file))
    assert code == 1  # it does not say where the new one belongs
    assert [one["reason"] for one in told if "reason" in one] == ["tree.new_compound"] * 3
    code, told = await grid("import", str(file), "--under", "440199001", "--dry-run")
    assert code == 0
    assert await names() == ["新禾苑", None]
    for _ in range(2):
        assert (await grid("import", str(file), "--under", "440199001"))[0] == 0
        assert await names() == ["新禾苑北区", "兰花里"]
    code, told = await grid("check")
    assert [(one["compound"], one["cell"], one["households"]) for one in told] == [
        ("LH-2", "甲", 3),
        ("XH-1", "乙", 1),
    ]
    with pytest.raises(ConfigError):
        await grid("import", str(file), "--under", "NO-9")
    file.write_bytes(roll([*OLD, ("", "", "XH-1", "", "3栋", "五零", "")], HEADER))
    assert (await grid("import", str(file), "--compound", "XH-1"))[0] == 1
