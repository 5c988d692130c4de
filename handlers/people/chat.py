"""What the bot understands and says about a person's home, their choices and their data."""

from handlers.context import Answer, Context
from handlers.filters import command, kind
from handlers.inbound import InboundKind
from handlers.opinions.file import file_held, find_home_of_speaker
from handlers.opinions.where import place_of
from handlers.people.bind import bind_home
from handlers.people.erase import erase_person
from handlers.people.refuse import allow_groups, refuse_groups
from handlers.people.rules import parse_scene, place_code_of, spellings, split_home
from handlers.reach.subscribe import grant_subscribe
from handlers.router import Route
from handlers.texts import say
from storage.audit import add_audit_event
from storage.queries.tree import find_compound, list_compounds_named, list_houses
from storage.states import PlaceLevel
from storage.tables import Compound, Place

_DO_NOT_RECORD = r"(?:请)?(?:别|不要|不用|不许|不准)(?:再)?记(?:录|下)?我(?:的话|的发言|说的话?|说话)?(?:了)?"
REFUSAL = rf"(?:在)?群里?{_DO_NOT_RECORD}"
# In the group itself nobody needs to say where, and people call somebody when they say it. Obeyed without a word.
REFUSAL_HERE = rf"(?:@[^\s@]{{1,32}}\s+)*+(?:(?:在)?群里?)?{_DO_NOT_RECORD}(?:\s+@[^\s@]{{1,32}})*+"
LISTED = 10  # things said before binding that one answer shows


def home_name(compound: Compound, place: Place | None) -> str:
    """The compound and the place in it, as people say it."""
    return f"{compound.name}{place.name}" if place else compound.name


async def _bound_answer(context: Context, compound: Compound, place: Place | None) -> str:
    """Confirm the home, and file what the person had already said before they were bound."""
    text = say("people.bound", home=home_name(compound, place))
    receipts = await file_held(context, (compound, place))
    if receipts:
        shown = "\n".join(receipts[:LISTED])
        text += "\n" + say("people.bound_held", count=len(receipts), receipts=shown)
        if len(receipts) > LISTED:
            text += "\n" + say("people.bound_held_more", count=len(receipts) - LISTED)
    return text


async def follow(context: Context) -> Answer:
    """Someone follows the account, perhaps by scanning a code on the wall."""
    context.identity.following = True
    if not context.identity.union_id:
        context.identity.ask_union_at = context.now
    welcome = say("people.welcome")
    if not context.inbound.scene:
        known = await find_home_of_speaker(context) is not None
        return Answer("person.followed", welcome if known else f"{welcome}\n{say('people.bind_how')}")
    scanned = await scan(context)
    return Answer("person.followed", f"{welcome}\n{scanned.text}")


async def unfollow(context: Context) -> Answer:
    """Someone left. They can still be heard in other places, but not written to here."""
    context.identity.following, context.identity.ask_union_at = False, None
    return Answer("person.unfollowed")


async def scan(context: Context) -> Answer:
    """A follower scanned a code on the wall."""
    scene = parse_scene(context.inbound.scene)
    compound = await find_compound(context.session, scene.compound_code) if scene else None
    if scene is None or compound is None:
        return Answer("scene.unknown", say("people.unknown_scene"))
    return await _bind(context, compound, scene.place_code)


async def bind_in_words(context: Context, name: str | None, where: str | None) -> Answer:
    """绑定 NAME [PLACE]."""
    if not name:
        return Answer("help.given", say("people.bind_usage"))
    compounds = await list_compounds_named(context.session, spellings(name), limit=2)
    if not compounds and not where:
        name, where = split_home(name)
        compounds = await list_compounds_named(context.session, spellings(name), limit=2)
    if not compounds:
        return Answer("compound.unknown", say("people.unknown_compound", name=name[:30]))
    if len(compounds) > 1:
        return Answer("compound.ambiguous", say("people.several_compounds", name=name[:30]))
    compound = compounds[0]
    assert compound.compound_id is not None
    if not where:
        return await _bind(context, compound, None)
    said = context.services.tagger.tag(where).place
    checked = await place_of(context.batch, compound.compound_id, said, None, danger=False)
    houses = await context.batch.houses_of(compound.compound_id)
    house = place_code_of(checked.place.building, checked.place.entrance)
    if house is None or house not in houses or {"building", "entrance"} & set(checked.dropped):
        known = await list_houses(context.session, compound.compound_id)
        example = next((place.name for place in known if place.level is PlaceLevel.ENTRANCE), "3栋2单元")
        return Answer(
            "place.unknown",
            say("people.unknown_place", compound=compound.name, place=where[:30], example=example),
        )
    if said.unit is None:
        return await _bind(context, compound, house)
    flat = f"{house}-{said.unit}"
    if await context.batch.known_among(compound.compound_id, [flat]):
        return await _bind(context, compound, flat)
    answer = await _bind(context, compound, house)
    building = house.partition("-")[0]
    if any(is_listed for code, is_listed in houses.items() if code.partition("-")[0] == building):
        missed = say("people.bound_no_flat", unit=said.unit, compound=compound.name)
        return Answer(answer.outcome, f"{answer.text}\n{missed}")
    return answer


async def _bind(context: Context, compound: Compound, place_code: str | None) -> Answer:
    place = await bind_home(context, compound, place_code)
    return Answer("residency.bound", await _bound_answer(context, compound, place))


async def opt_out(context: Context) -> Answer:
    """退订: nothing unasked from now on."""
    context.identity.opted_out_at = context.now
    _audit_choice(context, "person.opted_out")
    return Answer("person.opted_out", say("people.opted_out"))


async def opt_in(context: Context) -> Answer:
    """订阅: notices are welcome again."""
    context.identity.opted_out_at = None
    _audit_choice(context, "person.opted_in")
    return Answer("person.opted_in", say("people.opted_in"))


def _audit_choice(context: Context, verb: str) -> None:
    add_audit_event(
        context.session,
        at=context.now,
        verb=verb,
        actor_id=context.person_id,
        subject=f"identity:{context.identity.identity_id}",
    )


async def accept_notice(context: Context) -> Answer:
    """The person agreed to get one more 订阅通知."""
    await grant_subscribe(context.session, context.inbound.account, context.inbound.sender, 1, context.now)
    return Answer("notice.accepted")


async def refuse_notices(context: Context) -> Answer:
    """The person wants none of the 订阅通知 they had agreed to."""
    await grant_subscribe(context.session, context.inbound.account, context.inbound.sender, 0, context.now)
    return Answer("notice.refused")


async def refuse(context: Context) -> Answer:
    """群里别记我: not heard in groups from now on."""
    await refuse_groups(context)
    return Answer("person.refused_groups", say("people.refused_groups"))


async def allow(context: Context) -> Answer:
    """群里可以记我."""
    await allow_groups(context)
    return Answer("person.allowed_groups", say("people.allowed_groups"))


async def ask_before_erasing(context: Context) -> Answer:
    """删除我的资料: say what will be lost first."""
    return Answer("erasure.asked", say("people.erase_confirm"))


async def erase(context: Context) -> Answer:
    """确认删除."""
    await erase_person(context)
    return Answer("person.erased", say("people.erased"), farewell=True)


async def give_help(context: Context) -> Answer:
    """帮助."""
    return Answer("help.given", say("people.help"))


ROUTES = (
    Route(kind(InboundKind.FOLLOW), follow),
    Route(kind(InboundKind.UNFOLLOW), unfollow),
    Route(kind(InboundKind.SCAN), scan),
    Route(kind(InboundKind.NOTICE_ACCEPTED), accept_notice),
    Route(kind(InboundKind.NOTICE_REFUSED), refuse_notices),
    Route(command(r"绑定(?:\s*(?P<name>[^\s,，]+)(?:[\s,，]+(?P<where>.+))?)?"), bind_in_words),
    Route(command(r"退订|取消订阅|td|t"), opt_out),
    Route(command(r"订阅|恢复订阅|恢复"), opt_in),
    Route(command(REFUSAL), refuse),
    Route(command(r"群里?可以记(?:录|下)?我(?:的话)?(?:了)?|恢复群里记(?:录|我)"), allow),
    Route(command(r"删除我的(?:资料|信息|数据)"), ask_before_erasing),
    Route(command(r"确认删除"), erase),
    Route(command(r"帮助|菜单|使用说明|help|\?|怎么用"), give_help),
)
