"""Votes for residents: which there are, one of them, and whether somebody can vote in it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.compounds import CODE
from bot.web.documents import hand_out
from bot.web.visit import Visit
from handlers.access import NotFound
from handlers.voting import words
from handlers.voting.announced import announced_of
from handlers.voting.delivery import what_they_said
from handlers.voting.resident import (
    Held,
    OpenVote,
    Stage,
    Standing,
    access_vote_as_resident,
    list_standings,
    list_votes_for_resident,
)
from handlers.voting.terms import area_text
from storage.queries.voters import (
    list_ballots_cast_by,
    list_compounds_of_person,
)
from storage.queries.votes import list_documents, list_questions
from storage.tables import VoteQuestion, VoteUnit

_ORDER = (Stage.OPEN, Stage.COMING, Stage.COUNTING, Stage.PUBLISHED, Stage.FINAL, Stage.REVOKED)


@dataclass(frozen=True, slots=True)
class Room:
    """A unit as a page shows it."""

    name: str
    area: str
    held: Held


async def show_votes(visit: Visit) -> web.Response:
    """The votes of all compounds that are theirs, what is open first."""
    person_id = visit.signed_in.viewer.person_id
    found = await list_votes_for_resident(visit.session, person_id)
    stages = [(opened.stage(visit.now), opened) for opened in found]
    compounds = await list_compounds_of_person(visit.session, person_id)
    return visit.page(
        "h5/votes.html",
        groups=[
            (stage, there)
            for stage in _ORDER
            if (there := [opened for each, opened in stages if each is stage])
        ],
        several=len(compounds) > 1,
        compounds=compounds,
    )


async def show_vote(visit: Visit) -> web.Response:
    """What it is about, under which rules, when and how; and what the reader can do in it."""
    try:
        opened = await access(visit)
    except NotFound:
        return visit.page("h5/vote_unknown.html", HTTPStatus.NOT_FOUND)
    person_id = visit.signed_in.viewer.person_id
    questions = await list_questions(visit.session, *opened.key)
    announced = announced_of(opened.vote)
    has_election = any(each.seats is not None for each in questions)
    return visit.page(
        "h5/vote.html",
        **head_of(visit, opened),
        matters=[matter_of(opened, each) for each in questions],
        documents=[each for each in await list_documents(visit.session, *opened.key) if each.public],
        rules=words.rules_words(announced, election=has_election),
        revote=words.revote_words(announced.revote),
        scope=words.scope_words(announced.scope_buildings),
        mode=words.mode_words(opened.vote.mode),
        standings=await standings_of(visit, opened),
        cast=await list_ballots_cast_by(visit.session, *opened.key, person_id),
        said=await what_they_said(visit.session, visit.site.services, opened.vote, person_id),
    )


async def show_document(visit: Visit) -> web.Response:
    """A document that is for everybody."""
    opened = await access(visit)
    return await hand_out(visit, *opened.key, public_only=True)


async def show_eligible(visit: Visit) -> web.Response:
    """我能投票吗: bound, in the roll, the one who votes, and whether a ballot is there already."""
    try:
        opened = await access(visit)
    except NotFound:
        return visit.page("h5/vote_unknown.html", HTTPStatus.NOT_FOUND)
    return visit.page(
        "h5/eligible.html",
        **head_of(visit, opened),
        standings=await standings_of(visit, opened),
        revote=words.revote_words(announced_of(opened.vote).revote),
    )


async def access(visit: Visit) -> OpenVote:
    """The vote that the address names; raises NotFound for another compound's, and before its notice."""
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    return await access_vote_as_resident(visit.session, visit.signed_in.viewer.person_id, code, number)


async def standings_of(visit: Visit, opened: OpenVote) -> list[tuple[Standing, list[Room]]]:
    """What the reader may cast, with the units as a page shows them."""
    found = await list_standings(
        visit.session, visit.site.services.sealer, opened, visit.signed_in.viewer.person_id, visit.now
    )
    return [
        (standing, [Room(unit_name(held.unit), unit_area(held.unit), held) for held in standing.units])
        for standing in found
    ]


def head_of(visit: Visit, opened: OpenVote) -> dict[str, Any]:
    """What every page of a vote needs."""
    vote, signer = opened.vote, visit.site.services.signer
    return {
        "opened": opened,
        "vote": vote,
        "compound": opened.compound,
        "stage": opened.stage(visit.now),
        "here": path_of(opened),
        "persons": words.number_words(vote.roll_persons or 0),
        "whole_area": words.area_words(area_text(vote.roll_area or 0)),
        "root": vote.roll_root.hex() if vote.roll_root else "",
        "fingerprint": in_groups(signer.key_id) if signer else "",
        "channel_name": words.channel_name,
    }


def path_of(opened: OpenVote) -> str:
    """The address of a vote's page."""
    return f"/h5/votes/{opened.compound.code}/{opened.vote.vote_number}"


def matter_of(opened: OpenVote, row: VoteQuestion) -> dict[str, Any]:
    """A question in plain words, with what the law asks of it."""
    announced = announced_of(opened.vote)
    election = row.seats is not None
    return {
        "title": row.title,
        "body": row.body,
        "item": words.item_name(row.item),
        "law": words.item_law(row.item),
        "majority": words.majority_words(announced.regime, row.item, election=election),
        "seats": row.seats,
        "names": [] if row.options == ["agree"] else row.options,
    }


def unit_name(unit: VoteUnit) -> str:
    """As its owner calls it."""
    return words.unit_words(unit.kind, unit.building, unit.entrance, unit.room, unit.unit_code)


def unit_area(unit: VoteUnit) -> str:
    """The area that counts."""
    return words.area_words(area_text(unit.area))


def in_groups(text: str) -> str:
    """Digits in groups of four, to be read out and compared."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
