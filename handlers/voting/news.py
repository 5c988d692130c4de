"""What is told of a vote as it goes on: to its groups, to owners, to residents who may be owners. No link is a key.

Of a person's vote nothing is said but that there is something left to vote; of how others vote, nothing at all.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.local_time import LOCAL, full_moment
from handlers.reach.fields import Facts, NoticeKind
from handlers.texts import say, short
from handlers.voting.official import has_other_word
from handlers.voting.rules import Command
from handlers.voting.terms import Status, area_text
from handlers.voting.words import area_words, number_words, status_name
from storage.states import VoteMode
from storage.tables import Compound, Vote

SHORT_ROOT_BYTES = 8
_MOST_OUTCOMES = 5
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")


class News(StrEnum):
    """What is told."""

    NOTICED = "noticed"
    OPENED = "opened"
    EXTENDED = "extended"
    LAST_DAYS = "last"
    PUBLISHED = "published"
    REVOKED = "revoked"


# A draft is nobody's business, and that the clock closes it everybody was told before.
OF_STEP = {
    Command.NOTICE: News.NOTICED,
    Command.OPEN: News.OPENED,
    Command.EXTEND: News.EXTENDED,
    Command.PUBLISH: News.PUBLISHED,
    Command.REVOKE: News.REVOKED,
}


def last_days(closes_at: datetime, days: int) -> str:
    """The name of a reminder: a close that is put off has reminders of its own."""
    return f"{News.LAST_DAYS}:{closes_at.astimezone(LOCAL):%Y%m%d%H%M}:{days}"


def kind_of(news: str) -> News:
    """What kind of news a name is."""
    return News(news.partition(":")[0])


def is_of_this_close(news: str, closes_at: datetime) -> bool:
    """Whether a reminder is about the close as it stands now."""
    return news.startswith(f"{News.LAST_DAYS}:{closes_at.astimezone(LOCAL):%Y%m%d%H%M}:")


@dataclass(frozen=True, slots=True)
class Words:
    """The same in words and with marks. facts: for templates."""

    text: str
    markdown: str = ""
    facts: Facts | None = None


def page_of(public_url: str, compound: Compound, number: int) -> str:
    """The address of a vote's page, for everybody the same; empty without pages."""
    return f"{public_url}/h5/votes/{compound.code}/{number}" if public_url else ""


def paper_page_of(public_url: str, compound: Compound, number: int, serial: str) -> str:
    """Where the owner sees what became of their paper; empty without pages."""
    page = page_of(public_url, compound, number)
    return f"{page}/papers/{serial}" if page else ""


def owners_page(public_url: str) -> str:
    """Where somebody shows that they are an owner; empty without pages."""
    return f"{public_url}/h5/owner" if public_url else ""


def for_group(
    compound: Compound, vote: Vote, kind: News, key: str, link: str, outcomes: list[tuple[str, str]]
) -> Words:
    """What a group reads.

    key: fingerprint of the key that signs the log. outcomes: (question, status) once they are published.
    """
    facts = _lines(vote, kind, key, outcomes)
    head = _head(compound, vote, kind)
    text = "\n".join([head, vote.title, *facts])
    marked = "\n".join([f"**{_plain(head)}**", _plain(vote.title), *map(_plain, facts)])
    if link:
        text += "\n" + say("outreach.link", link=link)
        marked += "\n" + say("outreach.link_markdown", link=link)
    return Words(text, marked)


def for_owner(
    compound: Compound, vote: Vote, kind: News, link: str, outcomes: list[tuple[str, str]]
) -> Words:
    """What somebody bound to an owner of the roll reads."""
    lines = [_head(compound, vote, kind), vote.title, *_lines(vote, kind, "", outcomes)]
    if kind is News.NOTICED:
        lines.append(say("outreach.confirm") if link else say("outreach.confirm_elsewhere"))
    return Words(_with_link(lines, link), facts=_facts(compound, vote, kind, link))


def for_waited(compound: Compound, vote: Vote, link: str) -> Words:
    """What somebody reads for whose unit no ballot is there."""
    assert vote.closes_at is not None
    here = vote.mode is not VoteMode.OFFICIAL_PLATFORM
    text = say(
        "outreach.reminder" if here else "outreach.reminder_elsewhere",
        compound=compound.name,
        number=vote.vote_number,
        title=vote.title,
        closes=full_moment(vote.closes_at),
    )
    return Words(_with_link([text], link), facts=_facts(compound, vote, News.LAST_DAYS, link))


def for_resident(compound: Compound, vote: Vote, owner_link: str) -> Words:
    """What somebody reads who lives here and has not shown that they are an owner: it may be none of theirs."""
    lines = [
        _head(compound, vote, News.NOTICED),
        vote.title,
        *_lines(vote, News.NOTICED, "", []),
        say("outreach.bind", link=owner_link) if owner_link else say("outreach.bind_elsewhere"),
    ]
    return Words("\n".join(lines), facts=_facts(compound, vote, News.NOTICED, owner_link))


def _head(compound: Compound, vote: Vote, kind: News) -> str:
    number, name = vote.vote_number, compound.name
    match kind:
        case News.NOTICED:
            return say("outreach.head_noticed", compound=name, number=number)
        case News.OPENED:
            return say("outreach.head_opened", compound=name, number=number)
        case News.EXTENDED:
            return say("outreach.head_extended", compound=name, number=number)
        case News.LAST_DAYS:
            return say("outreach.head_last", compound=name, number=number)
        case News.PUBLISHED:
            return say("outreach.head_published", compound=name, number=number)
        case News.REVOKED:
            return say("outreach.head_revoked", compound=name, number=number)


def _lines(vote: Vote, kind: News, key: str, outcomes: list[tuple[str, str]]) -> list[str]:
    """What is to be known, a line each."""
    if kind is News.REVOKED:
        return [say("outreach.reason", reason=vote.revoked_reason or "")]
    if kind is News.PUBLISHED:
        shown = [
            f"{short(title)}：{status_name(Status(status))}" for title, status in outcomes[:_MOST_OUTCOMES]
        ]
        if len(outcomes) > _MOST_OUTCOMES:
            shown.append(say("lists.more", count=len(outcomes) - _MOST_OUTCOMES))
        if vote.mode is VoteMode.OFFICIAL_PLATFORM:
            shown.append(say("outreach.not_counted_here"))
            if vote.result is not None and has_other_word(vote.result):
                shown.append(say("outreach.other_word"))
        return [*shown, say("outreach.published")]
    assert vote.opens_at is not None
    assert vote.closes_at is not None
    lines = [say("outreach.window", opens=full_moment(vote.opens_at), closes=full_moment(vote.closes_at))]
    if vote.mode is VoteMode.OFFICIAL_PLATFORM:
        lines.append(say("outreach.elsewhere"))
    elif kind is not News.NOTICED:
        lines.append(say("outreach.any_choice"))
    if kind is News.NOTICED:
        lines.append(
            say(
                "outreach.roll",
                persons=number_words(vote.roll_persons or 0),
                area=area_words(area_text(vote.roll_area or 0)),
            )
        )
        if key:
            root = (vote.roll_root or b"")[:SHORT_ROOT_BYTES].hex()
            lines.append(say("outreach.anchor", root=_in_groups(root), fingerprint=_in_groups(key)))
    return lines


def _facts(compound: Compound, vote: Vote, kind: News, link: str) -> Facts:
    return Facts(
        NoticeKind.VOTE,
        what=vote.title,
        state=_state(kind),
        at=(vote.closes_at if kind is not News.NOTICED else vote.opens_at) or vote.created_at,
        compound=compound.name,
        number=vote.vote_number,
        todo=_todo(kind),
        link=link,
    )


def _state(kind: News) -> str:
    """Five Chinese characters at most, as the narrowest field takes it."""
    match kind:
        case News.NOTICED:
            return say("outreach.brief_noticed")
        case News.OPENED:
            return say("outreach.brief_opened")
        case News.EXTENDED:
            return say("outreach.brief_extended")
        case News.LAST_DAYS:
            return say("outreach.brief_last")
        case News.PUBLISHED:
            return say("outreach.brief_published")
        case News.REVOKED:
            return say("outreach.brief_revoked")


def _todo(kind: News) -> str:
    match kind:
        case News.NOTICED:
            return say("outreach.todo_read")
        case News.PUBLISHED:
            return say("outreach.todo_result")
        case News.REVOKED:
            return say("outreach.todo_nothing")
        case _:
            return say("outreach.todo_vote")


def due_times(opens_at: datetime, closes_at: datetime, days: list[int]) -> list[tuple[int, datetime]]:
    """When those who have not voted are reminded: that many days before the close, if the vote is open by then."""
    times = [(each, closes_at - timedelta(days=each)) for each in sorted(set(days), reverse=True)]
    return [(each, at) for each, at in times if at > opens_at]


def _with_link(lines: list[str], link: str) -> str:
    return "\n".join([*lines, say("outreach.link", link=link)] if link else lines)


def _plain(line: str) -> str:
    """A line in which no mark means anything."""
    return _MARKUP.sub(r"\\\1", line)


def _in_groups(text: str) -> str:
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
