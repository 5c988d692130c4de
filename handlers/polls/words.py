"""What is said of polls in chat and to groups. No link is a key: the page asks who it is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.texts import say
from storage.tables import Compound, Poll

LOCAL = ZoneInfo("Asia/Shanghai")


def page_of(public_url: str, code: str, number: int) -> str:
    """Where a poll is answered; empty without pages."""
    return f"{public_url}/h5/polls/{code}/{number}" if public_url else ""


def topic_of(compound_id: int, number: int) -> str:
    """What an announcement is about: it goes when the poll ends."""
    return f"poll:{compound_id}:{number}"


def announcement(compound: Compound, poll: Poll, public_url: str) -> str:
    """What a group reads."""
    text = say("polls.announced", compound=compound.name, title=poll.title, closes=until(poll.closes_at))
    link = page_of(public_url, compound.code, poll.poll_number)
    if link:
        return f"{text}\n{say('polls.link', link=link)}"
    return f"{text}\n{say('polls.by_chat')}"


def until(at: datetime) -> str:
    """A time as people say it: 3月12日 20:00."""
    local = at.astimezone(LOCAL)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
