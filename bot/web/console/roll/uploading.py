"""A sheet for the roll: brought, its columns settled, tried row by row, and then imported, all of it or nothing."""

import re
from hashlib import sha256
from itertools import islice

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.roll.listing import access_roll, roll_back
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened
from handlers.roll.columns import Field
from handlers.roll.import_roll import Imported, import_roll, read_roll
from handlers.roll.look import Looked, look_at_upload
from handlers.roll.report import sheet_words
from handlers.roll.rules import Decision
from handlers.roll.upload import Said, drop_upload, keep_upload, said_of, say
from storage.queries.roll import find_upload
from storage.tables import RollUpload

SHOWN = 100  # rows of each kind
GUESS, NONE = "guess", "none"
MOST_DEVELOPERS = 10


async def upload(visit: Visit) -> web.Response:
    """Keep the file; the next page says what is in it."""
    opened = await access_roll(visit)
    content, name = visit.sheet
    if visit.refused_photos or not content:
        return roll_back(opened, visit.refused_photos or "sheet_missing")
    number = await keep_upload(
        visit.session,
        visit.site.services.sealer,
        opened.compound_id,
        content,
        name,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    return _to(opened, number)


async def show_upload(visit: Visit) -> web.Response:
    """Columns, and what an import would do with every row."""
    opened = await access_roll(visit)
    kept = await _kept(visit, opened)
    if kept is None:
        return roll_back(opened, "sheet_gone")
    looked = await look_at_upload(
        visit.session, visit.site.services.sealer, opened.compound_id, kept, visit.now
    )
    source = looked.source
    refused = [line for line in looked.lines if line.get("decision") == Decision.REFUSE]
    warned = [line for line in looked.lines if line.get("warned") and line.get("decision") != Decision.REFUSE]
    missing = [line for line in looked.lines if line.get("decision") in (Decision.MISSING, Decision.END)]
    return visit.page(
        "console/roll/upload.html",
        opened=opened,
        upload=kept,
        said=said_of(kept),
        looked=looked,
        problem=sheet_words(looked.error) if looked.error else "",
        fields=[(field, source.columns.places.get(field) if source else None) for field in Field],
        letters=[letters for letters, _ in looked.columns],
        counts=looked.tried.counts if looked.tried else {},
        refused=list(islice(refused, SHOWN)),
        warned=list(islice(warned, SHOWN)),
        missing=list(islice(missing, SHOWN)),
        sums=(len(refused), len(warned), len(missing)),
        seen=_mark(looked.tried) if looked.tried else "",
        told=visit.request.query.get("told", ""),
    )


async def say_columns(visit: Visit) -> web.Response:
    """Keep which column is what, and what else is said beside the sheet."""
    opened = await access_roll(visit)
    kept = await _kept(visit, opened)
    if kept is None:
        return roll_back(opened, "sheet_gone")
    form = visit.form
    columns = {}
    for field in Field:
        choice = form.get(f"column-{field.value}", GUESS)
        if choice == NONE:
            columns[field] = ""
        elif re.fullmatch(r"[A-Z]{1,2}", choice):
            columns[field] = choice
    developers = [each.strip()[:60] for each in form.get("developers", "").splitlines() if each.strip()]
    said = Said(
        columns,
        form.get("sheet", "")[:120],
        tuple(developers[:MOST_DEVELOPERS]),
        form.get("replace") == "yes",
    )
    say(visit.session, kept, said)
    return _to(opened, kept.upload_number)


async def bring_in(visit: Visit) -> web.Response:
    """Import it, if that does what was shown; the sheet is gone then. Pressing it twice imports once."""
    opened = await access_roll(visit)
    kept = await _kept(visit, opened)
    if kept is None:
        return roll_back(opened, "sheet_gone")
    sealer = visit.site.services.sealer
    looked = await look_at_upload(visit.session, sealer, opened.compound_id, kept, visit.now)
    if looked.source is None or looked.tried is None:
        return _to(opened, kept.upload_number)
    if _mark(looked.tried) != visit.form.get("seen"):
        return _to(opened, kept.upload_number, "roll_changed_meanwhile")
    imported = await _import(visit, opened, kept, looked)
    if imported.plan.refused:
        return _to(opened, kept.upload_number, "roll_refused")
    await drop_upload(visit.session, opened.compound_id, kept.upload_number)
    return roll_back(opened, "roll_imported" if imported.written else "roll_same")


async def drop(visit: Visit) -> web.Response:
    """Forget the sheet."""
    opened = await access_roll(visit)
    await drop_upload(visit.session, opened.compound_id, _number(visit))
    return roll_back(opened, "roll_dropped")


async def _import(visit: Visit, opened: Opened, kept: RollUpload, looked: Looked) -> Imported:
    assert looked.source is not None
    wishes = said_of(kept).wishes
    rows = await read_roll(visit.session, opened.compound_id, looked.source, wishes, visit.now)
    return await import_roll(
        visit.session,
        visit.site.services.sealer,
        opened.compound,
        looked.source,
        rows,
        wishes,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )


async def _kept(visit: Visit, opened: Opened) -> RollUpload | None:
    return await find_upload(visit.session, opened.compound_id, number=_number(visit))


def _number(visit: Visit) -> int:
    number = int(visit.part("upload", NUMBER))
    if number >= 2**63:
        raise NotFound
    return number


def _mark(tried: Imported) -> str:
    """What was shown: the decision about every row."""
    shown = [
        (line.decision.value, line.code, sorted(line.begin), sorted(line.end)) for line in tried.plan.lines
    ]
    return sha256(repr(shown).encode()).hexdigest()[:32]


def _to(opened: Opened, number: int, told: str = "") -> web.Response:
    query = f"?told={told}" if told else ""
    return see_other(f"/console/{opened.compound.code}/roll/uploads/{number}{query}")
