"""Use case: file an opinion, now or when the person has said where they live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.alerts.raise_ import count_echo, raise_alert
from handlers.context import Context
from handlers.matters.join import join_matter
from handlers.matters.rules import Counts, Talk
from handlers.opinions.rules import SAFETY, place_name
from handlers.opinions.where import place_of
from handlers.photos.attach import take_up_pictures
from handlers.texts import say
from nlp.tagger import Tagged
from storage.audit import add_audit_event
from storage.queries.inbox import list_held
from storage.queries.opinions import next_number
from storage.states import GroupKind
from storage.tables import ChatGroup, Compound, Matter, Opinion, Place

HELD = "opinion.held"
SPOT = "spot"
FILED = "opinion.filed"


@dataclass(frozen=True, slots=True)
class Filed:
    """An opinion that was kept, and its matter. others: households and other people who say the same. reopened: it
    had been done. pictures: messages with pictures that came before it and are kept with it."""

    opinion: Opinion
    matter: Matter
    others: Counts
    reopened: bool
    pictures: int = 0


async def find_home_of_speaker(context: Context) -> tuple[Compound, Place | None] | None:
    """Where the speaker lives: what they said, else the compound that their channel account serves."""
    if home := await context.batch.home_of(context.person_id):
        return home
    code = context.services.default_compounds.get(context.inbound.account)
    compound = await context.batch.compound_of_code(code) if code else None
    return (compound, None) if compound else None


async def file_opinion(
    context: Context,
    home: tuple[Compound, Place | None],
    inbox_id: int,
    text: str,
    said_at: datetime,
    tagged: Tagged,
    group: ChatGroup | None = None,
    *,
    talk: Talk | None = None,
    about: int | None = None,
    echo_of: Matter | None = None,
) -> Filed:
    """Number an opinion, keep it with its tags, and put it with its matter; a danger is told to those on duty in the
    same transaction.

    A message becomes one at most once, by the table's unique key. group: where it was heard, None for 1:1. talk: what
    was said there before. about: the matter that it answers to. echo_of: the matter of which it only says that it is
    the same for the speaker. Which parts of the place the compound's own places added or ruled out is in the audit log.
    """
    compound, place = home
    assert compound.compound_id is not None
    where = await place_of(
        context.batch,
        compound.compound_id,
        tagged.place,
        group.place_code if group else None,
        danger=tagged.urgency >= SAFETY,
    )
    building, entrance = where.place.building, where.place.entrance
    categories = [category._asdict() for category in tagged.categories]
    urgency = tagged.urgency
    if echo_of is not None:
        categories = [{"id": echo_of.leaf, "score": 1.0}] if echo_of.leaf else []
        urgency, about = echo_of.urgency, echo_of.number
        if tagged.place.building is None and tagged.place.entrance is None:
            building, entrance = echo_of.building, echo_of.entrance
    opinion = Opinion(
        compound_id=compound.compound_id,
        number=await next_number(context.session, compound.compound_id, "opinion"),
        inbox_id=inbox_id,
        person_id=context.person_id,
        home_code=place.code if place else None,
        group_id=group.group_id if group else None,
        said_at=said_at,
        filed_at=context.now,
        text=text,
        categories=categories,
        hits=[] if echo_of is not None else reasons(tagged),
        urgency=urgency,
        building=building,
        entrance=entrance,
        unit=where.place.unit,
        lexicon_version=tagged.version,
        echo=echo_of is not None,
    )
    context.session.add(opinion)
    add_audit_event(
        context.session,
        at=context.now,
        verb=FILED,
        compound_id=compound.compound_id,
        actor_id=context.person_id,
        subject=f"opinion:{opinion.number}",
        details={
            "inbox_id": inbox_id,
            "categories": [category["id"] for category in categories],
            "place_completed": where.completed,
            "place_dropped": where.dropped,
        },
    )
    # Before anybody is told of it, so that they hear that there is something to see.
    pictures = await take_up_pictures(context.session, opinion, group, context.now)
    joined = await join_matter(
        context.session,
        context.services,
        compound,
        opinion,
        context.now,
        overheard=group is not None and group.kind is GroupKind.CUSTOMER,
        talk=talk,
        about=about,
    )
    if opinion.echo:
        await count_echo(context.session, opinion, context.now)
    else:
        await raise_alert(context.session, context.services, compound, opinion, context.now)
    return Filed(opinion, joined.matter, joined.others, joined.reopened, pictures)


async def file_held(context: Context, home: tuple[Compound, Place | None]) -> list[str]:
    """File what the speaker said before they were bound; returns a receipt line for each."""
    held = await list_held(context.session, context.person_id, HELD)
    receipts = []
    tagger = context.services.tagger.of(home[0].compound_id)
    for message in held:
        assert message.inbox_id is not None
        tagged = tagger.tag(message.text)
        filed = await file_opinion(context, home, message.inbox_id, message.text, message.sent_at, tagged)
        message.outcome = FILED
        receipts.append(f"编号 {filed.opinion.number}：{excerpt(message.text, 20)}")
    return receipts


def reasons(tagged: Tagged) -> list[dict[str, Any]]:
    """What is kept with an opinion: why it has its categories, and a spot of the compound's own (no leaf, SPOT)."""
    kept: list[dict[str, Any]] = [hit._asdict() for hit in tagged.hits]
    if (spot := tagged.spot) is not None:
        kept.append({"leaf": "", "term": spot.name, "rule": SPOT, "start": spot.start, "end": spot.end})
    return kept


def spot_of(opinion: Opinion) -> str:
    """The compound's own spot that was named, an empty string for none."""
    return next((hit["term"] for hit in opinion.hits if hit["rule"] == SPOT), "")


def excerpt(text: str, length: int) -> str:
    """The beginning of a text, in one line."""
    return " ".join(text.split())[:length]


def category_names(context: Context, opinion: Opinion, most: int = 2) -> str:
    """The categories of an opinion as residents read them, best first; an empty string for none."""
    lexicon = context.services.tagger.lexicon
    # One that the lexicon had when it was filed, and has no longer, nobody can name.
    leaves = [category["id"] for category in opinion.categories if category["id"] in lexicon.leaves]
    return "、".join(f"{lexicon.top_name(leaf)}·{lexicon.name(leaf)}" for leaf in leaves[:most])


def receipt(context: Context, filed: Filed, *, in_group: bool = False) -> str:
    """What the one who told it gets: the number to ask about, how they were understood, and who else says so."""
    opinion = filed.opinion
    if opinion.categories:
        text = say("opinions.filed", number=opinion.number, facts=facts(context, opinion, in_group=in_group))
    else:
        text = say("opinions.filed_unsorted", number=opinion.number)
    if filed.pictures:
        text += "\n" + say("photos.taken_up", count=filed.pictures)
    if joined := joined_line(filed):
        text += "\n" + joined
    if filed.reopened:
        text += "\n" + say("matters.reopened")
    return f"{text}\n{say('opinions.danger')}" if opinion.urgency >= SAFETY else text


def joined_line(filed: Filed) -> str:
    """Who else says so, and how to say that it is another thing; empty for nobody.

    Households are those with a known home; of the others it can only be said how many people they are.
    """
    households, speakers = filed.others.households, filed.others.speakers
    if not filed.others.total or filed.opinion.number == filed.matter.number:
        return ""
    if not households:
        who = say("matters.other_speakers", count=speakers)
    elif not speakers:
        who = say("matters.other_households", count=households)
    else:
        who = say("matters.others", households=households, speakers=speakers)
    return say("matters.joined", who=who, number=filed.opinion.number)


def facts(context: Context, opinion: Opinion, *, in_group: bool = False) -> str:
    """Category and place, a line each; what others may read names the building and no door."""
    lines = ""
    if categories := category_names(context, opinion):
        lines += say("opinions.fact_category", categories=categories)
    entrance, unit = (None, None) if in_group else (opinion.entrance, opinion.unit)
    if place := place_name(opinion.building, entrance, unit) + spot_of(opinion):
        lines += say("opinions.fact_place", place=place)
    return lines
