"""纸票: what became of the papers of one's own units, and of a paper by its serial; never how it is marked."""

from http import HTTPStatus

from aiohttp import web

from bot.web.h5.votes import access, head_of, in_groups, path_of, unit_name
from bot.web.visit import Visit, see_other
from handlers.access import NotFound
from handlers.voting.paper_news import void_words
from handlers.voting.paper_receipt import access_paper, list_own_papers, may_look_up
from handlers.voting.receipts import short_hash, short_number
from handlers.voting.serials import read_serial, serial_words

SERIAL = r"[0-9A-Z]{9}"


async def show_papers(visit: Visit) -> web.Response:
    """Those of the reader's units; after the close a field for a serial besides."""
    opened = await access(visit)
    person_id = visit.signed_in.viewer.person_id
    typed = visit.request.query.get("serial", "")[:40]
    serial = read_serial(typed)
    missed = bool(typed)
    if serial is not None:
        try:
            await access_paper(
                visit.session, visit.site.services.sealer, opened, person_id, serial, visit.now
            )
        except NotFound:
            missed = True
        else:
            return see_other(f"{path_of(opened)}/papers/{serial}")
    return visit.page(
        "h5/papers.html",
        HTTPStatus.NOT_FOUND if missed else HTTPStatus.OK,
        **head_of(visit, opened),
        papers=[
            (paper, [unit_name(unit) for unit in units])
            for paper, units in await list_own_papers(visit.session, opened, person_id)
        ],
        serial_words=serial_words,
        may_look_up=may_look_up(opened, visit.now),
        missed=missed,
    )


async def show_paper(visit: Visit) -> web.Response:
    """One of them. For who may not see it, it is like one that never was."""
    opened = await access(visit)
    seen = await access_paper(
        visit.session,
        visit.site.services.sealer,
        opened,
        visit.signed_in.viewer.person_id,
        visit.part("serial", SERIAL),
        visit.now,
    )
    ballot, fate = seen.ballot, seen.fate
    return visit.page(
        "h5/paper.html",
        **head_of(visit, opened),
        seen=seen,
        paper=seen.paper,
        ballot=ballot,
        fate=fate,
        serial=serial_words(seen.paper.serial),
        rooms=[unit_name(unit) for unit in seen.units],
        void=void_words(seen.paper.void_reason),
        reasons=list(dict.fromkeys(reason.value for reason in fate.rejected.values())) if fate else [],
        number=short_number(ballot.ballot_id) if ballot else "",
        short=short_hash(ballot.leaf_hash) if ballot else "",
        leaf=in_groups(ballot.leaf_hash.hex()) if ballot else "",
    )
