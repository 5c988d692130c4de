"""Where people live: by the code on the wall, in words, and what they said before anybody knew."""

from dataclasses import replace

from handlers.inbound import InboundKind
from handlers.texts import say
from storage.tables import AuditEvent, Opinion, Residency
from tests.handlers.talk import PLACES, Talk, compound, flat


async def _home(talk: Talk) -> list[str | None]:
    return [residency.place_code for residency in await talk.rows(Residency)]


async def test_a_scanned_code_binds_to_its_place(talk: Talk) -> None:
    for kind in (InboundKind.SCAN, InboundKind.FOLLOW):
        for scene, home, code in (
            ("XH-1/3-2", "新禾苑3栋2单元", "3-2"),
            ("XH-1/12", "新禾苑12栋", "12"),
            ("XH-1", "新禾苑", None),
        ):
            answer = await talk.hear("o-zhao", kind=kind, scene=scene)
            assert f"住在{home}。" in answer.text
            assert await _home(talk) == [code]


async def test_a_place_the_compound_no_longer_has_binds_to_the_compound(talk: Talk) -> None:
    answer = await talk.hear("o-zhao", kind=InboundKind.SCAN, scene="XH-1/99-9")
    assert "住在新禾苑。" in answer.text
    assert await _home(talk) == [None]


async def test_following_without_a_code_is_told_how_to_bind(talk: Talk) -> None:
    answer = await talk.hear("o-zhao", kind=InboundKind.FOLLOW)
    assert (answer.outcome, "绑定" in answer.text) == ("person.followed", True)
    assert await _home(talk) == []


async def test_an_unknown_code_binds_nobody(talk: Talk) -> None:
    for scene in ("XH-9", "XH-1/3-2/1", "'; DROP TABLE", "编号", ""):
        answer = await talk.hear("o-zhao", kind=InboundKind.SCAN, scene=scene)
        assert answer.outcome == "scene.unknown", scene
        assert answer.text
    assert await _home(talk) == []


async def test_following_with_an_unknown_code_is_still_welcomed(talk: Talk) -> None:
    answer = await talk.hear("o-zhao", kind=InboundKind.FOLLOW, scene="XH-9")
    assert answer.outcome == "person.followed"
    assert "二维码" in answer.text


async def test_words_bind_like_a_code(talk: Talk) -> None:
    for words, code in (
        ("绑定 新禾苑 3栋2单元", "3-2"),
        ("绑定 新禾苑", None),
        ("绑定新禾苑 三栋二单元", "3-2"),
        ("绑定 新禾苑 12栋", "12"),
        ("绑定　新禾苑　３栋２单元", "3-2"),
        ("绑定新禾苑十二栋", "12"),
        ("绑定 新禾苑，3栋2单元501", "3-2"),
        ("绑定 新禾苑 3栋", "3"),
        ("绑定新禾苑3栋2单元", "3-2"),
    ):
        assert (await talk.hear("o-zhao", words)).outcome == "residency.bound", words
        assert await _home(talk) == [code], words


async def test_a_place_the_compound_does_not_have_is_asked_again(talk: Talk) -> None:
    for where in ("99栋1单元", "3栋9单元", "湖心亭", "2单元"):
        answer = await talk.hear("o-zhao", f"绑定 新禾苑 {where}")
        assert answer.outcome == "place.unknown", where
        assert f"“{where}”" in answer.text
        assert "3栋1单元" in answer.text
    assert await _home(talk) == []


async def test_words_bind_to_the_flat_where_the_flats_are_known(talk: Talk) -> None:
    flats = ("3-1-501", "3-2-501", "3-2-702", "12-301")
    await talk.enrol(replace(compound(), places=(*PLACES, *map(flat, flats))))
    for words, code in (
        ("绑定 新禾苑 3栋2单元501", "3-2-501"),
        ("绑定 新禾苑 三栋二单元七零二室", "3-2-702"),
        ("绑定 新禾苑 3栋702", "3-2-702"),  # only one entrance has it
        ("绑定 新禾苑 12栋301", "12-301"),
    ):
        answer = await talk.hear("o-zhao", words)
        assert (answer.outcome, "没有对上" in answer.text) == ("residency.bound", False), words
        assert await _home(talk) == [code], words


async def test_a_flat_that_is_not_there_binds_to_its_entrance_and_says_so(talk: Talk) -> None:
    await talk.enrol(replace(compound(), places=(*PLACES, flat("3-1-501"), flat("3-2-501"))))
    for words, code in (("3栋2单元9901", "3-2"), ("3栋501", "3")):  # two entrances have a 501
        answer = await talk.hear("o-zhao", f"绑定 新禾苑 {words}")
        assert "没有对上" in answer.text, words
        assert await _home(talk) == [code], words
    answer = await talk.hear("o-zhao", "绑定 新禾苑 12栋301")  # of whose flats nothing is known
    assert "没有对上" not in answer.text
    assert await _home(talk) == ["12"]


async def test_an_unknown_compound_is_said_to_be_unknown(talk: Talk) -> None:
    answer = await talk.hear("o-zhao", "绑定 旧禾苑 3栋")
    assert answer.outcome == "compound.unknown"
    assert "“旧禾苑”" in answer.text


async def test_of_two_compounds_with_one_name_none_is_guessed(talk: Talk) -> None:
    await talk.enrol(compound("XH-2"))
    assert (await talk.hear("o-zhao", "绑定 新禾苑 3栋")).outcome == "compound.ambiguous"
    assert await _home(talk) == []


async def test_the_width_of_brackets_does_not_matter(talk: Talk) -> None:
    await talk.enrol(compound("TT-2", "听涛阁（二期）"))
    await talk.enrol(compound("TT-3", "望月台(三期)"))
    for written in ("听涛阁（二期）", "听涛阁(二期)", "望月台(三期)", "望月台（三期）"):
        assert (await talk.hear("o-zhao", f"绑定 {written} 3栋1单元")).outcome == "residency.bound", written


async def test_the_word_alone_explains_itself(talk: Talk) -> None:
    assert (await talk.hear("o-zhao", "绑定")).outcome == "help.given"


async def test_a_later_word_replaces_an_earlier_one(talk: Talk) -> None:
    await talk.bind("o-zhao", "XH-1/3-1")
    await talk.bind("o-zhao", "XH-1/3-2")
    assert await _home(talk) == ["3-2"]
    assert "3栋2单元" in await talk.say("o-zhao", "我的小区")


async def test_binding_is_in_the_log_without_a_name(talk: Talk) -> None:
    await talk.bind("o-zhao")
    [event] = [event for event in await talk.rows(AuditEvent) if event.verb == "residency.bound"]
    assert event.details == {"place": "3-2", "by": "follow"}


async def test_what_was_said_before_is_filed_on_binding_with_a_receipt_each(talk: Talk) -> None:
    for words in ("楼下\n垃圾堆了三天没人收", "你好", "反映 门禁卡刷不开门"):
        await talk.say("o-zhao", words)
    held = await talk.hear("o-zhao", "地下车库积水很深")
    assert held.outcome == "opinion.held"
    assert "绑定" in held.text
    assert await talk.rows(Opinion) == []
    answer = await talk.bind("o-zhao")
    assert "3 件事" in answer
    assert [line for line in answer.splitlines() if line.startswith("编号")] == [
        "编号 1001：楼下 垃圾堆了三天没人收",
        "编号 1002：反映 门禁卡刷不开门",
        "编号 1003：地下车库积水很深",
    ]
    opinions = await talk.rows(Opinion)
    assert [(o.number, o.home_code) for o in opinions] == [(1001, "3-2"), (1002, "3-2"), (1003, "3-2")]
    assert opinions[0].text == "楼下\n垃圾堆了三天没人收"
    assert opinions[0].categories


async def test_what_was_filed_on_binding_is_not_filed_again(talk: Talk) -> None:
    await talk.say("o-zhao", "楼下垃圾堆了三天没人收")
    await talk.bind("o-zhao")
    assert "编号 10" not in await talk.bind("o-zhao", "XH-1/3-1")
    assert len(await talk.rows(Opinion)) == 1


async def test_binding_files_the_speakers_words_only(talk: Talk) -> None:
    await talk.say("o-zhao", "楼下垃圾堆了三天没人收")
    assert "编号 10" not in await talk.bind("o-qian")
    assert await talk.rows(Opinion) == []


async def test_words_and_binding_in_one_batch_are_filed_in_the_compound_named_last(talk: Talk) -> None:
    other = await talk.enrol(compound("TT-1", "听涛阁"))
    await talk.batch(
        [
            talk.message("o-zhao", kind=InboundKind.SCAN, scene="XH-1"),
            talk.message("o-qian", "楼下垃圾堆了三天没人收"),
            talk.message("o-qian", kind=InboundKind.SCAN, scene="TT-1/3-1"),
        ]
    )
    assert [(opinion.compound_id, opinion.home_code) for opinion in await talk.rows(Opinion)] == [
        (other, "3-1")
    ]


async def test_on_an_account_of_one_compound_nobody_need_say_where_they_live(talk: Talk) -> None:
    followed = await talk.hear("o-qian", kind=InboundKind.FOLLOW, account="east")
    assert say("people.bind_how") not in followed.text
    assert say("people.bind_how") in (await talk.hear("o-qian", kind=InboundKind.FOLLOW)).text
    assert (await talk.hear("o-qian", "我的小区", account="east")).outcome == "home.shown"
