"""What anybody can check a vote by: the public log, its signed heads, the bundle; and an owner's line of the roll."""

import asyncio
import json

from aiohttp import web
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.h5.receipt import as_file
from bot.web.h5.votes import access, head_of, in_groups, path_of, unit_area
from bot.web.visit import Visit, see_other
from handlers.access import NotFound
from handlers.identity.entitled import list_entitlements
from handlers.voting.bundle import PUBLIC, write_bundle
from handlers.voting.export import bundle_of
from handlers.voting.log import origin_of
from handlers.voting.proofs import load_roll_lines
from handlers.voting.resident import OpenVote, Stage, access_public_vote
from handlers.voting.rules import Refused
from storage.queries.tree import find_compound
from storage.queries.vote_log import list_checkpoints
from storage.queries.voters import list_log_before
from storage.queries.votes import list_vote_units_coded

_SHOWN = 200  # entries on one page; the bundle has all


async def show_log(visit: Visit) -> web.Response:
    """The signed heads, and what is in the log: kinds, times and hashes. Open to everybody."""
    site = visit.site
    async with site.asking.pass_through(), site.database.read() as session:
        opened = await _public(visit, session)
        heads = await list_checkpoints(session, *opened.key)
        size = heads[-1].size if heads else 0
        entries = await list_log_before(session, *opened.key, size, _SHOWN)
    signer = site.services.signer
    return visit.page(
        "h5/log.html",
        opened=opened,
        vote=opened.vote,
        is_voting=opened.stage(visit.now) is Stage.OPEN,
        here=path_of(opened),
        origin=origin_of(opened.compound.code, opened.vote.vote_number),
        fingerprint=in_groups(signer.key_id) if signer else "",
        public_key=signer.public_key.hex() if signer else "",
        root=opened.vote.roll_root.hex() if opened.vote.roll_root else "",
        heads=list(reversed(heads))[:_SHOWN],
        size=size,
        entries=entries,
        shown=_SHOWN,
    )


async def download_bundle(visit: Visit) -> web.Response:
    """The public bundle, in which no ballot is open. Open to everybody; a few at a time, since it is all of the log.

    Not while people vote: the log names the serials of papers that came in, and whoever had papers in their hands
    knows whose they are, and so who has voted.
    """
    site, signer = visit.site, visit.site.services.signer
    async with site.bundling.pass_through(), site.database.read() as session:
        opened = await _public(visit, session)
        if signer is None:
            raise NotFound
        if opened.stage(visit.now) is Stage.OPEN:
            return see_other(f"{path_of(opened)}/log")
        try:
            bundle = await bundle_of(
                session, site.services.sealer, signer, opened.compound, opened.vote, PUBLIC
            )
        except Refused:  # counted and not yet published, or counted again: there is none for the moment
            return see_other(f"{path_of(opened)}/log")
        content = await asyncio.to_thread(write_bundle, bundle)
    name = f"vote-{opened.compound.code}-{opened.vote.vote_number}.zip"
    return web.Response(
        body=content,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def show_roll_lines(visit: Visit) -> web.Response:
    """An owner's own lines of the frozen roll, each with its proof; nobody else's."""
    opened = await access(visit)
    codes = await _own_codes(visit, opened)
    units = await list_vote_units_coded(visit.session, *opened.key, codes)
    kept = await load_roll_lines(visit.session, opened.compound, opened.vote, codes)
    by_code = {unit.unit_code: unit for unit in units}
    return visit.page(
        "h5/roll.html",
        **head_of(visit, opened),
        rows=[
            (by_code[row["line"]["unit"]], row, unit_area(by_code[row["line"]["unit"]]))
            for row in kept["units"]
        ],
        text=json.dumps(kept, ensure_ascii=False, indent=1),
    )


async def download_roll_lines(visit: Visit) -> web.Response:
    """The same as a file, for `./run verify --receipt`."""
    opened = await access(visit)
    codes = await _own_codes(visit, opened)
    kept = await load_roll_lines(visit.session, opened.compound, opened.vote, codes)
    return as_file(json.dumps(kept, ensure_ascii=False, indent=1), "roll-lines.json")


async def _own_codes(visit: Visit, opened: OpenVote) -> list[str]:
    entitled = await list_entitlements(visit.session, opened.vote, visit.signed_in.viewer.person_id)
    # A mandate to vote is none to see what the owner keeps to themselves.
    codes = [unit.unit_code for each in entitled if each.proxy is None for unit in each.units]
    if not codes:
        raise NotFound
    return codes


async def _public(visit: Visit, session: AsyncSession) -> OpenVote:
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_public_vote(session, await find_compound(session, code), number)
