"""What is said of polls in chat and to groups. No link is a key: the page asks who it is."""

from handlers.local_time import month_day_time
from handlers.texts import say
from storage.tables import Compound, Poll


def page_of(public_url: str, code: str, number: int) -> str:
    """Where a poll is answered; empty without pages."""
    return f"{public_url}/h5/polls/{code}/{number}" if public_url else ""


def topic_of(compound_id: int, number: int) -> str:
    """What an announcement is about: it goes when the poll ends."""
    return f"poll:{compound_id}:{number}"


def announcement(compound: Compound, poll: Poll, public_url: str) -> str:
    """What a group reads."""
    text = say(
        "polls.announced", compound=compound.name, title=poll.title, closes=month_day_time(poll.closes_at)
    )
    link = page_of(public_url, compound.code, poll.poll_number)
    if link:
        return f"{text}\n{say('polls.link', link=link)}"
    return f"{text}\n{say('polls.by_chat')}"
