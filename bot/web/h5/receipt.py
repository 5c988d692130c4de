"""The receipt of a ballot, for the person who cast it: what was chosen, and the proof that it is in the log."""

import json

from aiohttp import web

from bot.web.h5.votes import access, head_of, in_groups, unit_name
from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.voting import words
from handlers.voting.cast import MARKS_CONTEXT
from handlers.voting.fate import fate_of
from handlers.voting.marks import read_marks
from handlers.voting.proofs import load_receipt
from handlers.voting.receipts import short_hash, short_number
from handlers.voting.resident import access_ballot_of
from storage.queries.voters import list_units_of_ballot
from storage.queries.votes import list_questions, list_vote_units_coded

BALLOT = r"[0-9a-f]{32}"


async def show_receipt(visit: Visit) -> web.Response:
    """Theirs alone: for anybody else there is no such ballot."""
    opened = await access(visit)
    session, services = visit.session, visit.site.services
    ballot = await access_ballot_of(
        session, visit.signed_in.viewer.person_id, opened, visit.part("ballot", BALLOT)
    )
    codes = await list_units_of_ballot(session, *opened.key, ballot.ballot_id)
    units = {unit.unit_code: unit for unit in await list_vote_units_coded(session, *opened.key, codes)}
    fate = await fate_of(session, services.sealer, opened.vote, ballot, codes)
    marks = read_marks(services.sealer.open(ballot.choices_sealed, MARKS_CONTEXT))
    signer = services.signer
    receipt = await load_receipt(session, services.sealer, signer, opened.compound, ballot) if signer else {}
    return visit.page(
        "h5/receipt.html",
        **head_of(visit, opened),
        ballot=ballot,
        number=short_number(ballot.ballot_id),
        short=short_hash(ballot.leaf_hash),
        leaf=in_groups(ballot.leaf_hash.hex()),
        rooms=[unit_name(units[code]) for code in codes],
        lines=[
            (row.title, words.mark_words(marks[row.question_id]))
            for row in await list_questions(session, *opened.key)
        ],
        fate=fate,
        reasons=list(dict.fromkeys(reason.value for reason in fate.rejected.values())),
        receipt=receipt,
        text=_text(receipt),
    )


async def download_receipt(visit: Visit) -> web.Response:
    """The receipt as a file, for `./run verify --receipt` and the check page."""
    opened = await access(visit)
    signer = visit.site.services.signer
    ballot = await access_ballot_of(
        visit.session, visit.signed_in.viewer.person_id, opened, visit.part("ballot", BALLOT)
    )
    if signer is None:
        raise NotFound
    receipt = await load_receipt(visit.session, visit.site.services.sealer, signer, opened.compound, ballot)
    return as_file(_text(receipt), f"receipt-{short_number(ballot.ballot_id)}.json")


def as_file(text: str, name: str) -> web.Response:
    """JSON to be kept."""
    return web.Response(
        text=text,
        content_type="application/json",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _text(receipt: dict[str, object]) -> str:
    return json.dumps(receipt, ensure_ascii=False, indent=1) if receipt else ""
