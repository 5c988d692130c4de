"""The papers of a vote from the database: what they are about, and each kind of them made."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from bot.documents.about import About, Matter, RollFigures
from bot.documents.fonts import FontMissing, look_again
from bot.documents.notice import notice_pdf, notice_pictures
from bot.documents.outcome import Published
from bot.documents.render import DocumentError
from bot.documents.results import Proceedings, minutes_pdf, result_pdf, result_pictures
from handlers.voting.announced import announced_of, question_of
from handlers.voting.documents import EXTENSION, NOTICE, RESULT, Fault, Made
from handlers.voting.log import origin_of
from handlers.voting.news import page_of
from storage.queries.vote_log import list_checkpoints
from storage.queries.votes import list_questions
from storage.states import VoteMode
from storage.tables import Compound, Vote

_PDF, _PNG = "application/pdf", "image/png"
_NAMES = {NOTICE: "表决公告", EXTENSION: "延期公告", RESULT: "结果公告"}


@dataclass(frozen=True, slots=True)
class Source:
    """Everything one kind of paper is made from. published: of the result."""

    kind: str
    about: About
    published: Published | None = None


async def load_about(
    session: AsyncSession,
    compound: Compound,
    vote: Vote,
    key_id: str,
    public_url: str,
    made_at: datetime,
    roll: RollFigures | None = None,
) -> About:
    """A vote as its papers name it. roll: of a draft, whose roll is not frozen yet."""
    assert vote.opens_at is not None
    assert vote.closes_at is not None
    if roll is None:
        assert vote.roll_root is not None
        roll = RollFigures(vote.roll_persons or 0, vote.roll_area or 0, vote.roll_root)
    rows = await list_questions(session, vote.compound_id, vote.vote_number)
    body, name = vote.convener.get("body", ""), vote.convener.get("name", "")
    return About(
        origin=origin_of(compound.code, vote.vote_number),
        compound=compound.name,
        title=vote.title,
        body=vote.body,
        convener=name or body,
        convener_document=vote.convener.get("document", ""),
        matters=[Matter(question_of(row), row.title, row.body) for row in rows],
        announced=announced_of(vote),
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        roll=roll,
        key_id=key_id,
        contact=vote.contact,
        objections_to=vote.objections_to or vote.contact,
        papers_to=vote.papers_to or vote.contact,
        made_at=made_at,
        address=page_of(public_url, compound, vote.vote_number),
        mode=VoteMode(vote.mode),
        platform=vote.platform,
    )


async def load_published(session: AsyncSession, vote: Vote, now: datetime) -> Published:
    """The result with the head of the log that it came with; while it is not published, as of now."""
    assert vote.result is not None
    heads = await list_checkpoints(session, vote.compound_id, vote.vote_number)
    head = next((each for each in reversed(heads) if each.reason == "result"), heads[-1])
    return Published(vote.result, head.root, head.size, vote.published_at or now)


def make(source: Source) -> list[Made]:
    """The papers of one kind, PDF and pictures for groups; takes seconds, so in a thread. Raises DocumentError."""
    name, about = _NAMES[source.kind], source.about
    if source.published is None:
        pdf, pictures = notice_pdf(about), notice_pictures(about)
    else:
        pdf, pictures = result_pdf(about, source.published), result_pictures(about, source.published)
    made = [Made(source.kind, f"{name}.pdf", pdf, _PDF)]
    made += [
        Made(source.kind, f"{name}（发群{place}）.png", picture, _PNG)
        for place, picture in enumerate(pictures, 1)
    ]
    if source.published is not None:
        proceedings = Proceedings(
            "手机和纸质表决" if about.mode is VoteMode.HERE else about.platform, _TO_SIGN
        )
        minutes = minutes_pdf(about, source.published, proceedings)
        made.append(Made(source.kind, "会议纪要.pdf", minutes, _PDF, public=False))
    return made


def fault_of_notice(about: About) -> tuple[Fault, str] | None:
    """Why a notice that reads like this cannot be printed; None when it can. In a thread."""
    try:
        notice_pdf(about)
    except DocumentError as error:
        look_again()
        return error.fault
    except FontMissing:
        look_again()
        return Fault.NO_FONT, ""
    return None


_TO_SIGN = (("召集人", ""), ("计票人", ""), ("监票人", ""))
