"""One thing has one name, in chat, on pages, in the demo and in what people read about it."""

import re

import pytest

from tests.docs.pages import ROOT

# What residents, staff and whoever tries the demo get to read. Names of the platform's own consoles are in
# docs/wechat-setup.zh-CN.md, which is held to less.
PATTERNS = (
    "handlers/texts.toml",
    "handlers/voting/words.py",
    "bot/documents/templates/*.typ",
    "bot/web/errors.py",
    "bot/web/templates/**/*.html",
    "bot/cli/chapter_*.py",
    "bot/cli/demo.py",
    "bot/playground/cast*.py",
    "bot/playground/knobs.py",
    "bot/playground/static/*.html",
    "bot/playground/static/*.js",
    "docs/*.zh-CN.md",
    "README.zh-CN.md",
)
PLATFORM = "docs/wechat-setup.zh-CN.md"

# The chosen term, and what else it has been called: a pattern, so that a word within another is not refused.
TERMS = {
    "工作台": "控制台|管理后台",
    "安全告警": "警报|紧急提醒",
    "每周摘要": "一周意见|一周摘要|往周摘要|往期摘要|民情民意摘要|周报",
    "意见": "诉求|投诉件|工单",
    "确认": "接手|没人接",
    "回音": "答复|回复率",
    "类别": "编号、分类|只留分类|没分出",
    "未分类": "还没分类|没有分类",
    "服务号": "公众号",
    "岗位": "您的身份",
    "社区管理员": "(?<!社区)管理员",
    "居民群": "在业主群|业主群、|业主微信群",
    "工作群": "内部群",
    "删除": "清除|抹掉",
    "收集提醒": "征集|催收",
    "回答": "回话",
    "小区议事助手": "议事机器人|小区机器人",
}
# Here the program is called by what it is; everybody else knows it as 助手.
PEOPLES = ("handlers/texts.toml", "bot/web/templates", "docs/residents", "docs/secretaries")


def visible() -> dict[str, str]:
    paths = sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)})
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


@pytest.mark.parametrize("term", TERMS)
def test_one_thing_has_one_name(term: str) -> None:
    texts = visible()
    assert any(term in text for text in texts.values()), "nobody reads this term any more"
    refused = re.compile(TERMS[term])
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts.items()
        if name != PLATFORM
        for number, line in enumerate(text.splitlines(), 1)
        if refused.search(line)
    ]
    assert found == []


def test_people_know_it_as_an_assistant() -> None:
    texts = {name: text for name, text in visible().items() if name.startswith(PEOPLES)}
    assert len(texts) > 10
    assert [name for name, text in texts.items() if "机器人" in text] == []


def test_every_place_that_people_read_is_looked_at() -> None:
    names = visible()
    for pattern in PATTERNS:
        assert list(ROOT.glob(pattern)), pattern
    assert {"bot/web/templates/console/tabs.html", "bot/playground/static/backstage.js", PLATFORM} <= set(
        names
    )
