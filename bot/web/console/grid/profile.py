"""A compound's profile as a form, with what follows from it and why."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_compound
from handlers.grid.card import card_for_staff
from handlers.grid.keep_profile import keep_profile, profile_of
from handlers.grid.profile import Profile, defaults_of
from handlers.grid.words import heading
from handlers.local_time import local_date
from handlers.voting.templates import load_templates
from storage.states import CardKind, CompoundKind, Convening, Stewardship, Tenure

MOST = 10_000_000
LONGEST = 80
CHOICES: Mapping[str, type[StrEnum]] = {
    "tenure": Tenure,
    "kind": CompoundKind,
    "stewardship": Stewardship,
    "convening": Convening,
}

T = TypeVar("T", bound=StrEnum)


async def access_kept(visit: Visit) -> Opened:
    """The compound, for whoever keeps it."""
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.KEEP_COMPOUND)


async def show_profile(visit: Visit) -> web.Response:
    """What is known, and what follows from that."""
    opened = await access_kept(visit)
    profile = await profile_of(visit.session, opened.compound)
    return await _page(visit, opened, profile, _values(profile), {})


async def save_profile(visit: Visit) -> web.Response:
    """Keep what was filled in; saving the same again changes nothing."""
    opened = await access_kept(visit)
    values = {name: visit.form.get(name, "").strip()[:LONGEST] for name in _values(Profile())}
    faults: dict[str, str] = {}
    profile = Profile(
        tenure=_choice(Tenure, values["tenure"]),
        kind=_choice(CompoundKind, values["kind"]),
        stewardship=_choice(Stewardship, values["stewardship"]),
        convening=_choice(Convening, values["convening"]),
        households=_count(values, "households", faults),
        residents=_count(values, "residents", faults),
        company=values["company"],
        since=_since(values, faults, local_date(visit.now)),
    )
    if faults:
        known = await profile_of(visit.session, opened.compound)
        page = await _page(visit, opened, known, values, faults)
        page.set_status(HTTPStatus.UNPROCESSABLE_ENTITY)
        return page
    by = visit.signed_in.viewer.person_id
    await keep_profile(visit.session, opened.compound, profile, visit.now, actor_id=by)
    return see_other(f"/console/{opened.compound.code}/profile?told=profile_kept")


async def _page(
    visit: Visit, opened: Opened, profile: Profile, values: dict[str, str], faults: dict[str, str]
) -> web.Response:
    defaults = defaults_of(profile)
    templates = load_templates()
    card = await card_for_staff(visit.session, visit.site.services.sealer, opened.compound_id)
    return visit.page(
        "console/grid/profile.html",
        opened=opened,
        profile=profile,
        values=values,
        faults=faults,
        choices=CHOICES,
        defaults=defaults,
        first=[templates[code].name for code in defaults.templates if code in templates],
        missing=[heading(kind) for kind in CardKind if kind not in card],
        waiting=await count_waiting(visit, opened),
        told=visit.request.query.get("told", ""),
    )


def _values(profile: Profile) -> dict[str, str]:
    return {
        "tenure": profile.tenure or "",
        "kind": profile.kind or "",
        "stewardship": profile.stewardship or "",
        "convening": profile.convening or "",
        "households": "" if profile.households is None else str(profile.households),
        "residents": "" if profile.residents is None else str(profile.residents),
        "company": profile.company,
        "since": profile.since.isoformat() if profile.since else "",
    }


def _choice(kind: type[T], value: str) -> T | None:
    return kind(value) if value in set(kind) else None


def _count(values: dict[str, str], name: str, faults: dict[str, str]) -> int | None:
    text = values[name]
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > MOST:
        faults[name] = "请填一个数字，比如 1280。不清楚就空着。"
        return None
    return int(text)


def _since(values: dict[str, str], faults: dict[str, str], today: date) -> date | None:
    text = values["since"]
    if not text:
        return None
    try:
        since = date.fromisoformat(text)
    except ValueError:
        since = date.max
    if since > today or since.year < 1980:
        faults["since"] = "请填已经到了的日期，比如 2021-03-01。不清楚就空着。"
        return None
    return since
