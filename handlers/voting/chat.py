"""What the bot says of votes in chat: to residents which there are and how they stand, to staff how many have voted."""

from handlers.access import Opened, Right
from handlers.context import Answer, Context
from handlers.desk import Desk, ask_which, for_staff, pick
from handlers.filters import NUMBER, command
from handlers.identity.entitled import list_entitlements
from handlers.local_time import full_moment
from handlers.router import Route
from handlers.texts import listed, say, short
from handlers.voting.announced import facts_of
from handlers.voting.news import owners_page, page_of
from handlers.voting.rules import in_window
from handlers.voting.terms import area_text
from handlers.voting.turnout import Part, load_turnout
from handlers.voting.words import area_words, building_name, number_words, percent
from storage.queries.bindings import list_bound_owners, list_compounds_bound_in
from storage.queries.people import find_home
from storage.queries.votes import find_vote, list_units_that_voted, list_votes_in
from storage.states import VoteMode, VoteState
from storage.tables import Compound, Vote

LISTED = 5
_COMING = (VoteState.NOTICED, VoteState.OPEN)
_NOTICED = (
    VoteState.NOTICED,
    VoteState.OPEN,
    VoteState.CLOSED,
    VoteState.TALLIED,
    VoteState.PUBLISHED,
    VoteState.FINAL,
)


async def show_votes(context: Context) -> Answer:
    """投票: the votes where somebody lives or owns, and whether theirs is in."""
    session, person_id = context.session, context.person_id
    places = set(await list_compounds_bound_in(session, person_id))
    home = await find_home(session, person_id)
    if home is not None and home[0].compound_id is not None:
        places.add(home[0].compound_id)
    votes = (await list_votes_in(session, places, _COMING))[:LISTED] if places else []
    if not votes:
        return Answer("votes.none", say("votes.none" if places else "votes.nowhere"))
    lines = [await _line(context, vote) for vote in votes]
    return Answer("votes.shown", say("votes.shown", lines=listed(lines)))


async def _line(context: Context, vote: Vote) -> str:
    compound = await context.session.get_one(Compound, vote.compound_id)
    link = page_of(context.services.public_url, compound, vote.vote_number)
    line = _head(context, compound, vote) + "\n" + await _standing(context, vote)
    return f"{line}\n{link}" if link else line


def _head(context: Context, compound: Compound, vote: Vote) -> str:
    assert vote.opens_at is not None
    assert vote.closes_at is not None
    if context.now < vote.opens_at:
        when = say("votes.opens", at=full_moment(vote.opens_at))
    elif context.now > vote.closes_at:
        when = say("votes.closed")
    else:
        when = say("votes.closes", at=full_moment(vote.closes_at))
    return say(
        "votes.head", compound=compound.name, number=vote.vote_number, title=short(vote.title), when=when
    )


async def _standing(context: Context, vote: Vote) -> str:
    """How it stands with the asker's own ballot; never how it is marked."""
    session = context.session
    if vote.mode is VoteMode.OFFICIAL_PLATFORM:
        return say("votes.elsewhere")
    own = await list_entitlements(session, vote, context.person_id)
    if not own:
        if await list_bound_owners(session, vote.compound_id, context.person_id):
            return say("votes.not_in_roll")
        link = owners_page(context.services.public_url)
        return say("votes.unbound", link=link) if link else say("votes.unbound_elsewhere")
    theirs = [each for each in own if each.is_voter]
    if not theirs:
        return say("votes.represented")
    voted = await list_units_that_voted(session, vote.compound_id, vote.vote_number)
    units = [unit.unit_code for each in theirs for unit in each.units]
    missing = [code for code in units if code not in voted]
    if not missing:
        return say("votes.voted")
    if not in_window(facts_of(vote), context.now):
        return say("votes.wait")
    return say("votes.may", count=len(missing))


async def show_votes_to_staff(context: Context, desk: Desk, where: str | None) -> Answer:
    """投票, said by staff: the votes of the compound, nobody's ballot."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, "投票")
    votes = await list_votes_in(context.session, [opened.compound_id], _COMING)
    if not votes:
        return Answer("votes.none", say("votes.none_here", compound=opened.name))
    lines = listed([_head(context, opened.compound, vote) for vote in votes[:LISTED]])
    return Answer("votes.shown", say("votes.shown_to_staff", lines=lines, number=votes[0].vote_number))


async def show_turnout(
    context: Context, desk: Desk, number: str | None = None, where: str | None = None
) -> Answer:
    """投票率 NUMBER: how many have voted, in both measures, by building; never who and never how."""
    opened = pick(desk, where)
    if opened is None:
        return ask_which(desk, "投票率")
    vote = await _vote_meant(context, opened, number)
    if not isinstance(vote, Vote):
        return vote
    turnout = await load_turnout(context.session, vote)
    if turnout.is_hidden:
        return Answer("turnout.hidden", say("votes.turnout_hidden", number=vote.vote_number))
    lines = [
        say("votes.turnout_line", building=building_name(name), part=_part_words(part))
        for name, part in turnout.by_building.items()
    ]
    text = say(
        "votes.turnout",
        compound=opened.name,
        number=vote.vote_number,
        title=short(vote.title),
        whole=_part_words(turnout.whole),
        lines=listed(lines),
        steps=say("votes.turnout_in_steps") if turnout.in_steps else "",
    )
    return Answer("turnout.shown", text.strip())


async def _vote_meant(context: Context, opened: Opened, number: str | None) -> Vote | Answer:
    if number is not None:
        vote = await find_vote(context.session, opened.compound_id, int(number))
        if vote is None or vote.state not in _NOTICED:
            return Answer("votes.unknown", say("votes.unknown", compound=opened.name, number=int(number)))
        return vote
    votes = await list_votes_in(context.session, [opened.compound_id], (*_COMING, VoteState.CLOSED))
    if not votes:
        return Answer("votes.none", say("votes.none_here", compound=opened.name))
    if len(votes) > 1:
        lines = listed([_head(context, opened.compound, vote) for vote in votes[:LISTED]])
        return Answer("votes.asked", say("votes.which", lines=lines, number=votes[0].vote_number))
    return votes[0]


def _part_words(part: Part) -> str:
    return say(
        "votes.part",
        voted=number_words(part.voted.persons),
        total=number_words(part.total.persons),
        percent=percent(part.voted.persons, part.total.persons),
        area=area_words(area_text(part.voted.area)),
        of=area_words(area_text(part.total.area)),
        area_percent=percent(part.voted.area, part.total.area),
    )


_ASKED = r"(?:我要|怎么|如何|查|看|查看)?(?:业主)?(?:大会)?(?:投票|表决)(?:列表)?"
_WHERE = r"(?:\s+(?P<where>[^\s\d]\S*))?"

ROUTES = (Route(command(_ASKED), show_votes),)
STAFF_ROUTES = (
    Route(
        command(rf"(?:投票率|参投率|投票进度|投票情况)(?:\s*+{NUMBER})?{_WHERE}"),
        for_staff(show_turnout, Right.SEE_VOTES),
    ),
    Route(command(rf"{_ASKED}{_WHERE}"), for_staff(show_votes_to_staff, Right.SEE_VOTES)),
)
