"""我的小区 and 联系人: where the person lives, who manages it, whom to ask."""

from datetime import timedelta

from handlers.context import Answer, Context
from handlers.filters import command
from handlers.grid.card import card_for_residents, contacts_of
from handlers.grid.keep_profile import profile_of
from handlers.grid.words import card_line, company_line
from handlers.opinions.file import find_home_of_speaker
from handlers.people.chat import home_name
from handlers.router import Route
from handlers.texts import listed, say
from storage.queries.opinions import count_opinions_since
from storage.tables import Compound

_WEEK = timedelta(days=7)


async def show_home(context: Context) -> Answer:
    """我的小区: where the person lives, whom to ask, and how lively the week is."""
    home = await find_home_of_speaker(context)
    if home is None:
        return Answer("home.unknown", say("people.bind_how"))
    compound, place = home
    assert compound.compound_id is not None
    lines = [company_line(await profile_of(context.session, compound)), *await _contacts(context, compound)]
    known = [line for line in lines if line]
    count = await count_opinions_since(context.session, compound.compound_id, context.now - _WEEK)
    text = say(
        "grid.home",
        home=home_name(compound, place),
        lines=f"{listed(known)}\n" if known else "",
        count=count,
    )
    return Answer("home.shown", text + _link(context))


async def show_contacts(context: Context) -> Answer:
    """联系人: whom to ask, and nothing else."""
    home = await find_home_of_speaker(context)
    if home is None:
        return Answer("home.unknown", say("people.bind_how"))
    lines = await _contacts(context, home[0])
    if not lines:
        return Answer("contacts.none", say("grid.no_contacts", compound=home[0].name))
    text = say("grid.contacts", compound=home[0].name, lines=listed(lines))
    return Answer("contacts.shown", text + _link(context))


async def _contacts(context: Context, compound: Compound) -> list[str]:
    """The card as far as its people agreed to it, then who is in office and public."""
    assert compound.compound_id is not None
    session, sealer = context.session, context.services.sealer
    card = await card_for_residents(session, sealer, compound.compound_id)
    return [
        *(card_line(kind, line) for kind, line in card.items()),
        *(
            say("grid.contact", title=each.title, name=each.name, phone=each.phone).strip()
            for each in await contacts_of(session, sealer, compound)
        ),
    ]


def _link(context: Context) -> str:
    url = context.services.public_url
    return "\n" + say("grid.link", link=f"{url}/h5/compound") if url else ""


ROUTES = (
    Route(command(r"我的?小区|小区信息|小区名片"), show_home),
    Route(command(r"(?:小区)?联系(?:人|方式|电话)|(?:有事)?找谁"), show_contacts),
)
