"""A new vote from a template: which one, what is filled in, and the draft."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.grid.keep_profile import profile_of
from handlers.grid.profile import defaults_of, in_order
from handlers.voting import words
from handlers.voting.draft import create_vote
from handlers.voting.jurisdictions import load_profile, profile_codes
from handlers.voting.templates import TemplateError, VoteTemplate, find_template, load_templates
from handlers.voting.terms import Regime

TEMPLATE = r"[a-z_]{1,40}"
LONGEST = 500


async def choose_template(visit: Visit) -> web.Response:
    """What is to be decided."""
    opened = await _access(visit)
    templates = load_templates()
    defaults = defaults_of(await profile_of(visit.session, opened.compound))
    return visit.page(
        "console/votes/choose.html",
        opened=opened,
        templates=[templates[code] for code in in_order(templates, defaults.templates)],
        suggested=defaults.templates,
        defaults=defaults,
        words=words,
        regime=Regime.CIVIL_CODE,
    )


async def fill_template(visit: Visit) -> web.Response:
    """The fields of one kind of matter."""
    opened = await _access(visit)
    return _form(visit, opened, _template(visit), {}, told=visit.request.query.get("told", ""))


async def create(visit: Visit) -> web.Response:
    """A draft with what was filled in; what is missing is marked in it, so nothing is refused here."""
    opened = await _access(visit)
    template, form = _template(visit), visit.form
    values = {name: form.get(f"value-{name}", "").strip()[:LONGEST] for name in template.fields}
    profile = form.get("profile", "")
    if profile not in profile_codes():
        return _form(visit, opened, template, values, told="vote_no_place")
    base = f"/console/{opened.compound.code}/votes"
    if not await first_time(visit):
        return see_other(f"{base}?told=vote_drafted")
    by = visit.signed_in.viewer.person_id
    vote = await create_vote(visit.session, opened.compound, by, template.code, profile, visit.now, values)
    return see_other(f"{base}/{vote.vote_number}?told=vote_drafted")


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.RUN_VOTES)


def _template(visit: Visit) -> VoteTemplate:
    try:
        return find_template(visit.part("template", TEMPLATE))
    except TemplateError:
        raise NotFound from None


def _form(
    visit: Visit, opened: Opened, template: VoteTemplate, values: dict[str, str], told: str
) -> web.Response:
    return visit.page(
        "console/votes/fill.html",
        opened=opened,
        form=template,
        values=values,
        places=[load_profile(code) for code in profile_codes()],
        place=visit.form.get("profile", ""),
        words=words,
        key=fresh_key(),
        told=told,
    )
