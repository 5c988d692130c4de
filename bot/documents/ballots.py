"""选票: ballot papers, one for each owner, as many in one file as are to be printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.documents import render
from bot.documents.about import About, Matter, head
from bot.documents.clean import paragraphs
from bot.documents.qr import qr_svg
from handlers.voting import words
from handlers.voting.marks import NEITHER, allowed
from handlers.voting.terms import ABSTAIN, area_text
from storage.states import VoteMode

_TEMPLATE = "ballots"


@dataclass(frozen=True, slots=True)
class Paper:
    """One owner's paper: its serial, and the units it is for with their areas in millionths."""

    serial: str
    units: Sequence[tuple[str, int]]


def ballots_pdf(about: About, papers: Sequence[Paper]) -> bytes:
    """A4, each paper beginning a page. Without the structure for screen readers: it is for a printer.

    Raises DocumentError where only the government's platform may hold the vote: a paper of ours would mislead.
    """
    if about.mode is not VoteMode.HERE:
        raise render.DocumentError("ballots: the vote is held on the government's platform")
    return render.pdf(_TEMPLATE, _data(about, papers), about.made_at, tagged=False)


def _data(about: About, papers: Sequence[Paper]) -> dict[str, Any]:
    announced = about.announced
    return {
        **head(about),
        "type_size": 11.5,
        "matters": [_matter(matter, may_follow=announced.deemed_follow) for matter in about.matters],
        "proxies": announced.proxy_cap != 0,
        "proxy_cap": announced.proxy_cap or 0,
        "papers": [
            {
                "serial": paper.serial,
                "qr": qr_svg(paper.serial),
                "units": [
                    {"name": name, "area": words.area_words(area_text(area))} for name, area in paper.units
                ],
                "total": words.area_words(area_text(sum(area for _, area in paper.units))),
            }
            for paper in papers
        ],
    }


def _matter(matter: Matter, *, may_follow: bool) -> dict[str, Any]:
    """In an election 都不同意 is a ballot without a name on it, which is not the same as one left blank."""
    question = matter.question
    marks = (
        [*question.options, NEITHER, ABSTAIN] if question.seats else allowed(question, may_follow=may_follow)
    )
    return {
        "title": matter.title,
        "body": paragraphs(matter.body),
        "seats": question.seats or 0,
        "boxes": [words.choice_name(mark) for mark in marks],
    }
