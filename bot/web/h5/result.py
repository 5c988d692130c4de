"""The published result of a vote, in integers, as its notice has it."""

from aiohttp import web

from bot.documents.of_vote import load_about
from bot.documents.outcome import Published, outcome_data
from bot.web.h5.votes import access, head_of, in_groups
from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.voting.announced import is_outdated
from storage.queries.vote_log import list_checkpoints


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
    services = visit.site.services
    about = await load_about(
        visit.session,
        opened.compound,
        opened.vote,
        services.signer.key_id if services.signer else "",
        services.public_url,
        visit.now,
    )
    outcome = outcome_data(about, published)
    return visit.page(
        "h5/result.html", **head, outcome=outcome, size=size, log_root=in_groups(root[:8].hex())
    )
