"""The pages: which there are, and what every request for one goes through before and after."""

import asyncio
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl

import structlog
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware
from sqlalchemy.exc import SQLAlchemyError

from bot.web.console import (
    alerts,
    board,
    campaigns,
    canvass,
    commands,
    companies,
    compounds,
    hazards,
    links,
    matters,
    outbox,
    oversight,
    owners,
    photos,
    points,
    polls,
    request,
    rules,
    scorecards,
    stewards,
    visits,
    worklist,
)
from bot.web.console import sign_in as staff
from bot.web.console import weeks as regions
from bot.web.console.consultations.routes import CONSULTATION_ROUTES
from bot.web.console.grid.routes import GRID_ROUTES
from bot.web.console.papers.routes import PAPER_ROUTES
from bot.web.console.roll.routes import ROLL_ROUTES
from bot.web.console.surveys.routes import SURVEY_ROUTES
from bot.web.console.topics.routes import TOPIC_ROUTES
from bot.web.console.votes.routes import VOTE_ROUTES
from bot.web.csrf import check_form, check_origin
from bot.web.errors import error_page
from bot.web.h5 import campaigns as own_campaigns
from bot.web.h5 import compound, consultations, mine, own, owner, privacy, weeks
from bot.web.h5 import photos as own_photos
from bot.web.h5 import points as own_points
from bot.web.h5 import polls as asked
from bot.web.h5 import sign_in as resident
from bot.web.h5.surveys import RESIDENT_SURVEY_ROUTES
from bot.web.h5.topics import RESIDENT_TOPIC_ROUTES
from bot.web.h5.vote_routes import RESIDENT_VOTE_ROUTES
from bot.web.headers import NOT_KEPT, SCRIPTED, headers
from bot.web.route import Route
from bot.web.site import Site
from bot.web.uploads import MEDIA_TYPE, PhotosRefused, Upload, as_typed
from bot.web.visit import AREAS, CONSOLE, H5, Area, Visit, see_other
from handlers.access import Forbidden
from handlers.people.sign_in import SEEN_EVERY, Lapsed, SignedIn, find_signed_in
from storage.queries.accounts import revoke_web_session, touch_web_session

FORM_BYTES = 16384
FORM_FIELDS = 50
LONG_FORM_BYTES = 524_288  # 20,000 characters are up to nine bytes each on the wire
LONG_FORM_FIELDS = 3000  # a box for every building, or figures for every candidate of every question
_FORM = "application/x-www-form-urlencoded"
_STATIC = "/static/"
_REQUEST = "/console/{compound}/requests/{number}"
_PROPERTY = "/console/{compound}/property"
_CAMPAIGN_PLACES = "/console/{compound}/campaigns/{number}/places"
_BALLOTS = "/console/{compound}/votes/{number}"
_VISIT = web.RequestKey("visit", Visit)
_SCRIPTED = web.RequestKey("scripted", bool)

log = structlog.get_logger()

ROUTES = (
    Route("GET", "/console/sign-in", CONSOLE, staff.show_sign_in, is_open=True),
    Route("POST", "/console/sign-in", CONSOLE, staff.sign_in_by_password, is_open=True),
    Route("GET", "/console/sign-in/{account}", CONSOLE, staff.go_to_platform, is_open=True),
    Route("GET", "/console/sign-in/{account}/back", CONSOLE, staff.come_back, is_open=True),
    Route("GET", "/console/link/{token}", CONSOLE, links.show_link, is_open=True),
    Route("POST", "/console/link/{token}", CONSOLE, links.use_link, is_open=True),
    Route("POST", "/console/sign-out", CONSOLE, staff.leave),
    Route("POST", "/console/sign-out-everywhere", CONSOLE, staff.leave_everywhere, acts=True),
    Route("GET", "/console", CONSOLE, compounds.show_compounds),
    Route("GET", "/console/outbox", CONSOLE, outbox.show_unsent),
    Route("GET", "/console/communities", CONSOLE, oversight.show_communities),
    Route("GET", "/console/property", CONSOLE, companies.show_companies),
    Route("GET", "/console/scorecards", CONSOLE, scorecards.show_scorecards),
    Route("GET", "/console/scorecards/{month}", CONSOLE, scorecards.show_month),
    Route("GET", "/console/scorecards/{month}/sheet", CONSOLE, scorecards.download_month),
    Route("GET", "/console/weeks", CONSOLE, regions.show_regions),
    Route("GET", "/console/weeks/{region}/{week}", CONSOLE, regions.show_region_week),
    Route("GET", "/console/{compound}", CONSOLE, compounds.show_compound),
    Route("GET", "/console/{compound}/digest/{week}", CONSOLE, compounds.show_digest),
    Route("GET", "/console/{compound}/digest/{week}/board", CONSOLE, compounds.show_board),
    Route("GET", "/console/{compound}/alerts", CONSOLE, alerts.show_alerts),
    Route("POST", "/console/{compound}/alerts/{number}", CONSOLE, alerts.acknowledge_alert, acts=True),
    Route("GET", "/console/{compound}/requests", CONSOLE, board.show_board),
    Route("GET", _REQUEST, CONSOLE, request.show_request),
    Route("POST", f"{_REQUEST}/confirm", CONSOLE, matters.confirm, acts=True),
    Route("POST", f"{_REQUEST}/dismiss", CONSOLE, matters.dismiss, acts=True),
    Route("POST", f"{_REQUEST}/merge", CONSOLE, matters.merge, acts=True),
    Route("POST", f"{_REQUEST}/part", CONSOLE, matters.part, acts=True),
    Route("POST", f"{_REQUEST}/dispatch", CONSOLE, commands.dispatch, acts=True),
    Route("POST", f"{_REQUEST}/accept", CONSOLE, commands.accept, acts=True),
    Route("POST", f"{_REQUEST}/decline", CONSOLE, commands.decline, acts=True),
    Route("POST", f"{_REQUEST}/help", CONSOLE, commands.add_helper, acts=True),
    Route("POST", f"{_REQUEST}/finish", CONSOLE, commands.finish, acts=True),
    Route("POST", f"{_REQUEST}/reply", CONSOLE, commands.reply, acts=True),
    Route("POST", f"{_REQUEST}/note", CONSOLE, commands.note, acts=True),
    Route("POST", f"{_REQUEST}/mediate", CONSOLE, commands.mediate, acts=True),
    Route("GET", "/console/{compound}/worklist", CONSOLE, worklist.show_worklist),
    Route("POST", "/console/{compound}/worklist", CONSOLE, worklist.sort_one, acts=True),
    Route("POST", f"{_REQUEST}/photos", CONSOLE, photos.add_photos, acts=True, uploads=True),
    Route("GET", f"{_REQUEST}/photos/{{photo}}", CONSOLE, photos.show_photo),
    Route("GET", "/console/{compound}/rules", CONSOLE, rules.show_rules),
    Route("POST", "/console/{compound}/rules", CONSOLE, rules.put_rule, acts=True),
    Route("POST", "/console/{compound}/rules/drop", CONSOLE, rules.drop_rule, acts=True),
    Route("GET", f"{_BALLOTS}/canvass", CONSOLE, canvass.show_canvass),
    Route("POST", f"{_BALLOTS}/canvass", CONSOLE, canvass.note_visit, acts=True),
    Route("GET", f"{_BALLOTS}/officers", CONSOLE, canvass.show_officers),
    Route("POST", f"{_BALLOTS}/officers", CONSOLE, canvass.put_officers, acts=True),
    *PAPER_ROUTES,
    *VOTE_ROUTES,
    *ROLL_ROUTES,
    *GRID_ROUTES,
    *TOPIC_ROUTES,
    *RESIDENT_TOPIC_ROUTES,
    *SURVEY_ROUTES,
    *RESIDENT_SURVEY_ROUTES,
    Route("GET", "/console/{compound}/polls", CONSOLE, polls.show_polls),
    Route("POST", "/console/{compound}/polls", CONSOLE, polls.ask, acts=True),
    Route("GET", "/console/{compound}/polls/{number}", CONSOLE, polls.show_poll),
    Route("POST", "/console/{compound}/polls/{number}/end", CONSOLE, polls.end, acts=True),
    Route("GET", "/console/{compound}/hazards", CONSOLE, hazards.show_round),
    Route("POST", "/console/{compound}/hazards", CONSOLE, hazards.tick_off, acts=True),
    Route("POST", "/console/{compound}/hazards/weekly", CONSOLE, hazards.switch, acts=True),
    Route("GET", "/console/{compound}/hazards/{item}", CONSOLE, hazards.show_item),
    Route("POST", "/console/{compound}/hazards/{item}", CONSOLE, hazards.report, acts=True, uploads=True),
    Route("GET", "/console/{compound}/visits", CONSOLE, visits.show_visits),
    Route("POST", "/console/{compound}/visits", CONSOLE, visits.add, acts=True),
    Route("GET", "/console/{compound}/visits/{number}", CONSOLE, visits.show_plan),
    Route("POST", "/console/{compound}/visits/{number}/visited", CONSOLE, visits.note, acts=True),
    Route("POST", "/console/{compound}/visits/{number}/change", CONSOLE, visits.change, acts=True),
    Route("POST", "/console/{compound}/visits/{number}/end", CONSOLE, visits.end, acts=True),
    Route("GET", "/console/{compound}/stewards", CONSOLE, stewards.show_stewards),
    Route("POST", "/console/{compound}/stewards", CONSOLE, stewards.log, acts=True),
    Route("GET", "/console/{compound}/points", CONSOLE, points.show_points),
    Route("POST", "/console/{compound}/points", CONSOLE, points.switch, acts=True),
    Route("GET", "/h5/points", H5, own_points.show_points),
    Route("GET", "/console/{compound}/oversight", CONSOLE, oversight.show_oversight),
    Route("POST", "/console/{compound}/oversight", CONSOLE, oversight.switch, acts=True),
    Route("GET", "/console/{compound}/campaigns", CONSOLE, campaigns.show_campaigns),
    Route("POST", "/console/{compound}/campaigns", CONSOLE, campaigns.begin, acts=True),
    Route("GET", "/console/{compound}/campaigns/{number}", CONSOLE, campaigns.show_campaign),
    Route("POST", _CAMPAIGN_PLACES, CONSOLE, campaigns.add, acts=True, uploads=True),
    Route("POST", f"{_CAMPAIGN_PLACES}/{{place}}", CONSOLE, campaigns.finish, acts=True, uploads=True),
    Route("POST", f"{_CAMPAIGN_PLACES}/{{place}}/drop", CONSOLE, campaigns.drop, acts=True),
    Route("GET", f"{_CAMPAIGN_PLACES}/{{place}}/{{side}}", CONSOLE, campaigns.show_photo),
    Route("GET", "/h5/campaigns", H5, own_campaigns.show_campaigns),
    Route("GET", _PROPERTY, CONSOLE, companies.show_property),
    Route("POST", f"{_PROPERTY}/switch", CONSOLE, companies.switch_property, acts=True),
    Route("POST", f"{_PROPERTY}/contract", CONSOLE, companies.set_contract, acts=True),
    Route("GET", f"{_PROPERTY}/{{quarter}}", CONSOLE, companies.show_property_quarter),
    Route("POST", f"{_PROPERTY}/{{quarter}}/statement", CONSOLE, companies.say_statement, acts=True),
    Route("GET", "/h5/polls", H5, asked.show_polls),
    Route("GET", "/h5/polls/{compound}/{number}", H5, asked.show_poll),
    Route("POST", "/h5/polls/{compound}/{number}", H5, asked.answer, acts=True),
    *CONSULTATION_ROUTES,
    Route("GET", "/h5/consultations", H5, consultations.show_consultations),
    Route("POST", "/h5/consultations/{compound}", H5, consultations.propose, acts=True),
    Route("GET", "/h5/consultations/{compound}/{month}", H5, consultations.show_consultation),
    Route("POST", "/h5/consultations/{compound}/{month}", H5, consultations.answer, acts=True),
    Route("GET", "/console/{compound}/owners", CONSOLE, owners.show_owners),
    Route("POST", "/console/{compound}/owners", CONSOLE, owners.decide, acts=True),
    Route("POST", "/console/{compound}/owners/codes", CONSOLE, owners.print_codes, acts=True),
    Route("GET", "/h5/sign-in", H5, resident.show_sign_in, is_open=True),
    Route("GET", "/h5/sign-in/{account}", H5, resident.go_to_platform, is_open=True),
    Route("GET", "/h5/sign-in/{account}/back", H5, resident.come_back, is_open=True),
    Route("GET", "/h5/privacy", H5, privacy.show_privacy, is_open=True),
    Route("GET", "/h5/weeks/{compound}/{week}", H5, weeks.show_week, is_open=True),
    Route("POST", "/h5/sign-out", H5, resident.leave),
    Route("POST", "/h5/sign-out-everywhere", H5, resident.leave_everywhere, acts=True),
    Route("GET", "/h5", H5, mine.show_mine),
    Route("GET", "/h5/mine", H5, mine.show_mine),
    Route("GET", "/h5/compound", H5, compound.show_compound),
    Route("GET", "/h5/owner", H5, owner.show_owner),
    Route("POST", "/h5/owner", H5, owner.claim, acts=True),
    Route("POST", "/h5/owner/{compound}/{number}/leave", H5, owner.leave, acts=True),
    Route("POST", "/h5/owner/{compound}/{number}/contest", H5, owner.contest, acts=True),
    Route("GET", "/h5/mine/{number}", H5, own.show_own),
    Route("POST", "/h5/mine/{number}/confirm", H5, own.confirm, acts=True),
    Route("POST", "/h5/mine/{number}/disclaim", H5, own.disclaim, acts=True),
    Route("POST", "/h5/mine/{number}/photos", H5, own_photos.add_photos, acts=True, uploads=True),
    Route("GET", "/h5/mine/{number}/photos/{photo}", H5, own_photos.show_photo),
    Route("POST", "/h5/mine/{number}/rate", H5, own.rate, acts=True),
    Route("POST", "/h5/mine/{number}/supplement", H5, own.supplement, acts=True),
    Route("POST", "/h5/mine/{number}/reopen", H5, own.reopen, acts=True),
    Route("POST", "/h5/mine/{number}/withdraw", H5, own.withdraw, acts=True),
    *RESIDENT_VOTE_ROUTES,
)


_UPLOADS = frozenset(route.path for route in ROUTES if route.uploads or route.sheet or route.attaches)
_LONG = frozenset(route.path for route in ROUTES if route.long)


def pages_routes(site: Site) -> list[web.RouteDef]:
    """All pages and the files they point at, to be added to the public application with `pages_middlewares`."""

    async def asset(request: web.Request) -> web.Response:
        body, kind = site.templates.assets.get(request.path, (b"", ""))
        if not kind:
            raise web.HTTPNotFound
        forever = {"Cache-Control": "public, max-age=31536000, immutable"}
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=forever)

    return [
        web.get(f"{_STATIC}{{name}}", asset, allow_head=False),
        *(
            web.RouteDef(
                route.method,
                route.path,
                partial(_serve, route),
                {"allow_head": False} if route.method == "GET" else {},
            )
            for route in ROUTES
        ),
    ]


def pages_middlewares(site: Site) -> list[Middleware]:
    """What stands before and behind every page; other paths of the application pass through untouched."""
    dress = headers(site.is_https)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        area = _area_of(request.path)
        if area is None and not request.path.startswith(_STATIC):
            return await handler(request)
        area = area or CONSOLE
        try:
            visit = Visit(site, request, area, site.clock())
            # Before anything else: what other sites make a browser send goes no further.
            if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
                await _check_post(visit)
            request[_VISIT] = visit
            response = await handler(request)
        except Exception as error:
            response = error_page(site, area, error, _name_of(request))
        response.headers.update(dress)
        if _SCRIPTED in request and response.status == HTTPStatus.OK:
            response.headers["Content-Security-Policy"] = SCRIPTED
        response.headers.setdefault(hdrs.CACHE_CONTROL, NOT_KEPT)
        return response

    return [guard]


async def _serve(route: Route, request: web.Request) -> web.Response:
    visit = request[_VISIT]
    if route.scripted:
        request[_SCRIPTED] = True
    if route.is_open:
        return await route.show(visit)
    if visit.upload is not None:
        async with visit.site.uploading.pass_through():
            await _receive_files(visit, route)
    signed_in = None
    if visit.token:
        database = visit.site.database
        opened = database.read if route.method == "GET" or route.reads else database.write
        try:
            async with opened() as session:
                sealer, kind = visit.site.services.sealer, route.area.kind
                signed_in = await find_signed_in(session, sealer, kind, visit.token, visit.now)
                if signed_in is not None:
                    if route.acts and signed_in.read_only:
                        raise Forbidden
                    visit.enter(session, signed_in)
                    response = await route.show(visit)
        except Lapsed as lapsed:
            async with database.write() as session:
                await revoke_web_session(session, lapsed.token_hash, visit.now)
    if signed_in is None:
        return _to_sign_in(visit)
    if visit.afterwards is not None:
        response = await visit.afterwards()
    if signed_in.seen_long_ago:
        await _touch(visit, signed_in)
    if route.method == "POST":
        visit.site.on_queued()
    return response


async def _receive_files(visit: Visit, route: Route) -> None:
    """Before the transaction, which must not wait for a slow phone; of somebody who is signed in and may act."""
    assert visit.upload is not None
    site = visit.site
    try:
        async with site.database.read() as session:
            kind = visit.area.kind
            signed_in = await find_signed_in(session, site.services.sealer, kind, visit.token, visit.now)
    except Lapsed:
        return
    if signed_in is None or signed_in.read_only:
        return
    try:
        if route.attaches:
            visit.attachment = await visit.upload.attachment()
        elif route.sheet:
            visit.sheet = await visit.upload.sheet()
        else:
            visit.photos = await visit.upload.photos()
    except PhotosRefused as refused:
        visit.refused_photos = refused.told
    visit.form["photos"] = visit.upload.digest


async def _touch(visit: Visit, signed_in: SignedIn) -> None:
    try:
        async with visit.site.database.write() as session:
            await touch_web_session(session, signed_in.token_hash, visit.now - SEEN_EVERY, visit.now)
    except (SQLAlchemyError, OSError) as error:
        # What the visitor did is done: the page that says it had no effect would be a lie.
        log.warning("session.not_touched", error=type(error).__name__)


def _to_sign_in(visit: Visit) -> web.Response:
    wanted = visit.destination(visit.request.path)
    if visit.request.method != hdrs.METH_GET or wanted == visit.area.root:
        return see_other(visit.area.sign_in)
    return see_other(f"{visit.area.sign_in}?next={wanted}")


async def _check_post(visit: Visit) -> None:
    request, site = visit.request, visit.site
    check_origin(request.headers, site.origin or f"http://{request.host}")
    if request.content_type == MEDIA_TYPE and _name_of(request) in _UPLOADS:
        visit.upload = Upload(request)
        visit.form = await visit.upload.fields(site.read_seconds)
    elif request.content_type == _FORM:
        visit.form = await _read_form(request, site.read_seconds, is_long=_name_of(request) in _LONG)
    else:
        raise web.HTTPBadRequest
    check_form(site.services.sealer, visit.form_cookie, visit.form)


async def _read_form(request: web.Request, seconds: float, *, is_long: bool = False) -> dict[str, str]:
    """The fields; of two with one name the last."""
    most, most_fields = (LONG_FORM_BYTES, LONG_FORM_FIELDS) if is_long else (FORM_BYTES, FORM_FIELDS)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most:
                    raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
        raise web.HTTPBadRequest from None
    try:
        fields = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most_fields
        )
    except ValueError:
        raise web.HTTPBadRequest from None
    return {name: as_typed(value) for name, value in fields}


def _area_of(path: str) -> Area | None:
    return next((area for area in AREAS if path == area.root or path.startswith(f"{area.root}/")), None)


def _name_of(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else HTTPStatus.NOT_FOUND.phrase
