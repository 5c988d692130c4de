"""Topics for residents: where they stand, objecting, and signing for the works as an elected representative."""

from aiohttp import web

from bot.web.console.topics.papers import hand_out
from bot.web.once import command_key, fresh_key
from bot.web.returned import NOTHING, Returned
from bot.web.route import Route
from bot.web.visit import H5, Visit, see_other
from handlers.local_time import local_date
from handlers.polls.results import load_figures
from handlers.surveys.resident import opened_rounds
from handlers.topics.acceptance import sign
from handlers.topics.commands import Code, Refused
from handlers.topics.facts import STEPS
from handlers.topics.objections import object_to_topic, words_of
from handlers.topics.present import decided
from handlers.topics.record import load_facts
from handlers.topics.resident import OwnTopic, access_topic
from handlers.topics.templates import template_of
from handlers.topics.words import STEP_NAMES
from storage.queries.polls import find_poll, list_homes_in
from storage.queries.surveys import list_rounds, list_surveys_of_topic
from storage.queries.topics import list_topic_documents, list_topics
from storage.queries.votes import find_vote
from storage.states import VoteState
from storage.tables import Compound, Survey

CODE = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"
NUMBER = r"[1-9][0-9]{0,14}"
SHOWN = 30
_HIDDEN = frozenset({VoteState.DRAFT, VoteState.LINTED})


async def show_topics(visit: Visit) -> web.Response:
    """What is going on where they live, then what is over."""
    homes = await list_homes_in(visit.session, visit.signed_in.viewer.person_id)
    topics = await list_topics(visit.session, homes, SHOWN) if homes else []
    return visit.page(
        "h5/topics.html",
        topics=topics,
        compounds={each: await visit.session.get_one(Compound, each) for each in homes},
        steps=STEP_NAMES,
    )


async def show_topic(visit: Visit) -> web.Response:
    """One of them."""
    return await _page(visit, visit.request.query.get("told", ""))


async def _page(visit: Visit, told: str, back: Returned = NOTHING) -> web.Response:
    own = await _access(visit)
    session, topic, sealer = visit.session, own.topic, visit.site.services.sealer
    facts = await load_facts(session, topic)
    poll = (
        None if topic.poll_number is None else await find_poll(session, topic.compound_id, topic.poll_number)
    )
    vote = (
        None if topic.vote_number is None else await find_vote(session, topic.compound_id, topic.vote_number)
    )
    documents = await list_topic_documents(session, topic.compound_id, topic.topic_number)
    return visit.page(
        "h5/topic.html",
        own=own,
        topic=topic,
        here=_address(own),
        facts=facts,
        form=template_of(topic.template),
        plan=template_of(topic.template).plan[topic.step],
        steps=STEP_NAMES,
        order=STEPS,
        decided=decided(facts),
        documents=[each for each in documents if each.public],
        objections=[(each, words_of(sealer, each)) for each in own.own],
        poll=poll,
        figures=await load_figures(session, poll, visit.now) if poll else None,
        vote=vote if vote and vote.state not in _HIDDEN else None,
        surveys=await _opened_surveys(visit, own),
        may=not visit.signed_in.read_only,
        today=local_date(visit.now),
        now=visit.now,
        key=fresh_key(),
        told=told,
        back=back,
    )


async def _opened_surveys(visit: Visit, own: OwnTopic) -> list[Survey]:
    """What households were asked for it."""
    compound_id, number = own.topic.compound_id, own.topic.topic_number
    surveys = await list_surveys_of_topic(visit.session, compound_id, number)
    return [
        each
        for each in surveys
        if opened_rounds(await list_rounds(visit.session, [compound_id], each.survey_number))
    ]


async def act(visit: Visit) -> web.Response:
    """Object, or sign; again, it changes nothing. What is refused comes back as it was typed."""
    own = await _access(visit)
    number, person_id = own.topic.topic_number, visit.signed_in.viewer.person_id
    session, services, words = visit.session, visit.site.services, visit.form.get("words", "")
    key, what = command_key(visit), visit.form.get("act", "")
    try:
        async with session.begin_nested():
            if what == "object":
                await object_to_topic(
                    session, services, own.compound, number, words, visit.now, key=key, person_id=person_id
                )
            elif what in ("sign", "refuse") and own.representative is not None:
                await sign(
                    session,
                    services,
                    own.compound,
                    number,
                    what == "sign",
                    words,
                    visit.now,
                    key=key,
                    person_id=person_id,
                )
            else:
                raise Refused(Code.ODD)
    except Refused as refused:
        return await _page(visit, refused.code, Returned(what, typed=visit.form))
    return _back(own, "topic_objected" if what == "object" else "topic_signed")


async def show_document(visit: Visit) -> web.Response:
    """A public document or photo."""
    own = await _access(visit)
    return await hand_out(visit, own.topic.compound_id, own.topic.topic_number, public_only=True)


async def _access(visit: Visit) -> OwnTopic:
    person_id = visit.signed_in.viewer.person_id
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_topic(visit.session, person_id, code, number)


def _address(own: OwnTopic) -> str:
    return f"/h5/topics/{own.compound.code}/{own.topic.topic_number}"


def _back(own: OwnTopic, told: str) -> web.Response:
    return see_other(f"{_address(own)}?told={told}")


_ONE = "/h5/topics/{compound}/{number}"
RESIDENT_TOPIC_ROUTES = (
    Route("GET", "/h5/topics", H5, show_topics),
    Route("GET", _ONE, H5, show_topic),
    Route("POST", _ONE, H5, act, acts=True),
    Route("GET", f"{_ONE}/documents/{{document}}", H5, show_document),
)
