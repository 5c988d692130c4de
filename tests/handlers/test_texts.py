"""The catalogue: every text is used, fills, and every answer fits what the platform takes."""

import ast
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
from handlers.inbound import InboundKind
from handlers.people.enrol import CompoundEntry, ContactEntry, PlaceEntry, enrol_compound
from handlers.texts import fit, say
from storage.states import PlaceLevel, Role
from storage.tables import Opinion
from tests.handlers.talk import REGIONS, Talk

FOLDER = Path(handlers.__file__).parent
CATALOGUE = {
    f"{table}.{name}": text
    for table, texts in tomllib.loads((FOLDER / "texts.toml").read_text("utf-8")).items()
    for name, text in texts.items()
}


def _calls() -> Iterator[tuple[str, set[str], str]]:
    """Every say("KEY", name=...) in the code, also where the key is one of two: (key, names, where)."""
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value, names, f"{path.name}:{node.lineno}"


def test_every_text_that_is_said_exists_and_every_text_is_said() -> None:
    assert {key for key, _names, _where in _calls()} == set(CATALOGUE)


@pytest.mark.parametrize(("key", "names", "where"), list(_calls()))
def test_every_text_is_given_exactly_what_it_asks_for(key: str, names: set[str], where: str) -> None:
    wanted = {field for _text, field, _spec, _conversion in string.Formatter().parse(CATALOGUE[key]) if field}
    assert wanted == names, where


def test_what_people_wrote_is_filled_in_as_it_is() -> None:
    assert "{number}" in say("people.unknown_compound", name="{number}")
    with pytest.raises(KeyError):
        say("people.nothing")
    with pytest.raises(KeyError):
        say("opinions.withdrawn")


@given(st.text(max_size=60), st.integers(3, 100))
def test_a_text_that_does_not_fit_is_cut_between_characters(text: str, limit: int) -> None:
    text = text.encode("utf-8", "ignore").decode()
    cut = fit(text, limit)
    assert len(cut.encode()) <= limit
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
    assert cut != text or len(text.encode()) <= limit


# Hostile lengths: the longest names a file may hold, and everything a resident can type.

LONG = "观澜听涛望江揽月澄湖叠翠" * 7  # 84 characters, cut to the 80 that a name may have
EMOJI = "🏚️🆘‼️"


async def _city_of_long_names(talk: Talk) -> None:
    name = LONG[:80]
    places = (
        PlaceEntry(PlaceLevel.BUILDING, "3", name, None),
        PlaceEntry(PlaceLevel.ENTRANCE, "3-2", name, "3"),
    )
    contacts = tuple(
        ContactEntry(Role.COMMITTEE, name[:40], name, f"1391234{number:04}", public=True)
        for number in range(30)
    )
    async with talk.database.write() as session:
        entry = CompoundEntry("LONG-1", name, REGIONS, places, contacts)
        await enrol_compound(session, talk.services.sealer, entry, talk.now)


HOSTILE = [
    f"反映 {'电梯坏了' * 500}",
    f"反映 {EMOJI * 500}",
    "3栋2单元501垃圾没人收" + "🗑" * 1000,
    f"绑定 {LONG[:80]} {'湖心亭' * 300}",
    f"绑定 {'某' * 2000}",
    f"绑定{EMOJI * 300} 3栋2单元",
    f"绑定 {LONG[:80]} 3栋2单元",
    f"绑定 {LONG[:80]} 3栋9单元",
    "我的小区",
    "进度",
    "进度 1001",
    "进度 1002",
    "进度 1003",
    "撤回 1001",
    "进度 999999999999999",
    "帮助",
    "退订",
    "订阅",
    "删除我的资料",
    f"楼道里一股煤气味{'，闻着头晕' * 400}",
    "\u202e反转\u0000\ufffe{0}{name}%s" * 50,
]


async def test_every_answer_fits_whatever_people_and_files_hold(talk: Talk) -> None:
    await _city_of_long_names(talk)
    held = [talk.message("o-zhao", f"反映 第{number}件\n{EMOJI}🗑{'🗑' * 400}") for number in range(20)]
    answers = await talk.batch(held)
    answers.append(await talk.hear("o-zhao", kind=InboundKind.FOLLOW, scene="LONG-1/3-2"))
    assert len(await talk.rows(Opinion)) == 20
    for words in HOSTILE:
        answers.append(await talk.hear("o-zhao", words.replace("\u0000", "")))
        # A stranger's first answer also carries the notice.
        answers.append(await talk.hear(f"o-{len(answers)}", words.replace("\u0000", "")))
    for answer in answers:
        assert answer.text
        assert len(answer.text.encode()) <= 2048, answer.outcome
    assert sum("【告知】" in answer.text for answer in answers) == 1 + len(HOSTILE)


async def test_twenty_held_messages_are_all_filed_and_the_answer_says_how_many(talk: Talk) -> None:
    for number in range(20):
        await talk.say("o-zhao", f"反映 第{number + 1}根路灯不亮了")
    answer = await talk.bind("o-zhao")
    assert len(await talk.rows(Opinion)) == 20
    assert "20 件事" in answer
    assert len([line for line in answer.splitlines() if line.startswith("编号")]) == 10
    assert "还有 10 件" in answer


async def test_a_long_complaint_is_kept_whole_and_shown_in_part(talk: Talk) -> None:
    await talk.bind("o-zhao")
    words = "楼顶漏水，" + "漏水漏得墙皮都掉了。" * 200
    await talk.say("o-zhao", words)
    assert (await talk.rows(Opinion))[0].text == words
    text = await talk.say("o-zhao", "进度 1001")
    assert words[:300] in text
    assert words[:301] not in text
    assert "类别" in text
