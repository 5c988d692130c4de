"""表决公告: the notice of a vote, for every entrance and for the group."""

from typing import Any

from bot.documents import render
from bot.documents.about import About, anchor, head, matter_head, roll_words
from bot.documents.clean import Svg, paragraphs
from bot.documents.qr import qr_svg
from handlers.voting import words
from handlers.voting.terms import AGREE

_TEMPLATE = "notice"
LARGE_TYPE = 13.5  # points: it is read standing, by the old too


def notice_pdf(about: About) -> bytes:
    """A4, in large type."""
    return render.pdf(_TEMPLATE, _data(about), about.made_at)


def notice_pictures(about: About) -> list[bytes]:
    """PNGs for a group message, mostly one."""
    return render.pictures(_TEMPLATE, _data(about), about.made_at)


def _data(about: About) -> dict[str, Any]:
    return {
        **head(about),
        "type_size": LARGE_TYPE,
        "body": paragraphs(about.body),
        "scope": words.scope_words(about.announced.scope_buildings),
        "mode_words": words.mode_words(about.mode),
        "matters": [
            {
                **matter_head(about, matter),
                "options": [each for each in matter.question.options if each != AGREE],
            }
            for matter in about.matters
        ],
        "rules": words.rules_words(about.announced, election=about.has_election),
        "roll": roll_words(about),
        "page_qr": qr_svg(about.address) if about.address else Svg(),
        "root_qr": qr_svg(anchor(about, about.roll.root)),
    }
