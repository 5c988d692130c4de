"""The published result of a vote, in integers, as its notice has it."""

from aiohttp import web

from bot.documents.about import About, Matter, RollFigures
from bot.documents.outcome import Published, outcome_data
from bot.web.h5.votes import access, head_of, in_groups
from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.voting.announced import announced_of, is_outdated, question_of
from handlers.voting.log import origin_of
from handlers.voting.resident import OpenVote
from storage.queries.vote_log import list_checkpoints
from storage.queries.votes import list_questions


async def show_result(visit: Visit) -> web.Response:
    """What was counted; while a ruling makes it uncertain, that."""
    opened = await access(visit)
    if not opened.has_result:
        raise NotFound
    head = head_of(visit, opened)
    if is_outdated(opened.vote):
        return visit.page("h5/result.html", **head, outcome=None, size=0, log_root="")
    heads = [each for each in await list_checkpoints(visit.session, *opened.key) if each.reason == "result"]
    root, size = (heads[-1].root, heads[-1].size) if heads else (b"", 0)
    assert opened.vote.result is not None
    assert opened.vote.published_at is not None
    published = Published(opened.vote.result, root, size, opened.vote.published_at)
    outcome = outcome_data(await _about(visit, opened), published)
    return visit.page(
        "h5/result.html", **head, outcome=outcome, size=size, log_root=in_groups(root[:8].hex())
    )


async def _about(visit: Visit, opened: OpenVote) -> About:
    vote = opened.vote
    assert vote.opens_at is not None
    assert vote.closes_at is not None
    rows = await list_questions(visit.session, *opened.key)
    signer = visit.site.services.signer
    return About(
        origin=origin_of(opened.compound.code, vote.vote_number),
        compound=opened.compound.name,
        title=vote.title,
        convener=vote.convener.get("name", ""),
        convener_document=vote.convener.get("document", ""),
        matters=[Matter(question_of(row), row.title, row.body) for row in rows],
        announced=announced_of(vote),
        opens_at=vote.opens_at,
        closes_at=vote.closes_at,
        roll=RollFigures(vote.roll_persons or 0, vote.roll_area or 0, vote.roll_root or b""),
        key_id=signer.key_id if signer else "",
        contact=vote.contact,
        objections_to=vote.objections_to or vote.contact,
        papers_to=vote.papers_to or vote.contact,
        made_at=visit.now,
        body=vote.body,
        mode=vote.mode,
        platform=vote.platform,
    )
