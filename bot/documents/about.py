"""What all documents of a vote are about, as plain data; and what of it stands on every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.documents.clean import paragraphs
from handlers.local_time import full_day, full_moment
from handlers.voting import words
from handlers.voting.announced import Announced
from handlers.voting.terms import Question, area_text
from storage.states import VoteMode

SHORT_BYTES = 8  # of a root, for the eye; the QR code has all of it


@dataclass(frozen=True, slots=True)
class Matter:
    """A question in the owners' words."""

    question: Question
    title: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class RollFigures:
    """The frozen roll: persons, area in millionths, root."""

    persons: int
    area: int
    root: bytes


@dataclass(frozen=True, slots=True)
class About:
    """A vote as its papers name it.

    origin: as in its evidence, "XH-1/3". convener_document: why it may convene. key_id: fingerprint of the key that
    signs the log. address: of the vote's page, "" when there is none. contact, objections_to, papers_to: who and
    where, in words. platform: the government's, in a vote that is held there. made_at: printed, and of the file.
    """

    origin: str
    compound: str
    title: str
    convener: str
    convener_document: str
    matters: Sequence[Matter]
    announced: Announced
    opens_at: datetime
    closes_at: datetime
    roll: RollFigures
    key_id: str
    contact: str
    objections_to: str
    papers_to: str
    made_at: datetime
    body: str = ""
    address: str = ""
    mode: VoteMode = VoteMode.HERE
    platform: str = ""

    @property
    def has_election(self) -> bool:
        """Whether people are chosen."""
        return any(matter.question.seats is not None for matter in self.matters)


def head(about: About) -> dict[str, Any]:
    """What stands on every document."""
    return {
        "origin": about.origin,
        "compound": about.compound,
        "title": about.title,
        "convener": about.convener,
        "convener_document": about.convener_document,
        "opens": full_moment(about.opens_at),
        "closes": full_moment(about.closes_at),
        "made_on": full_day(about.made_at),
        "here": about.mode is VoteMode.HERE,
        "platform": about.platform,
        "address": about.address,
        "contact": about.contact,
        "objections_to": about.objections_to,
        "papers_to": about.papers_to,
        "key": in_groups(about.key_id),
    }


def matter_head(about: About, matter: Matter) -> dict[str, Any]:
    """A question with what the law asks of it."""
    question = matter.question
    election = question.seats is not None
    return {
        "title": matter.title,
        "body": paragraphs(matter.body),
        "item": words.item_name(question.item),
        "law": words.item_law(question.item),
        "majority": list(words.majority_words(about.announced.regime, question.item, election=election)),
        "seats": question.seats or 0,
    }


def roll_words(about: About) -> dict[str, str]:
    """The roll in figures."""
    return {
        "persons": words.number_words(about.roll.persons),
        "area": words.area_words(area_text(about.roll.area)),
        "root": in_groups(about.roll.root[:SHORT_BYTES].hex()),
    }


def anchor(about: About, root: bytes) -> str:
    """What a QR code says: the vote's page, and the root that it has to show."""
    return f"{about.address}#{root.hex()}" if about.address else root.hex()


def in_groups(text: str) -> str:
    """Digits in groups of four, to be read out and compared."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
