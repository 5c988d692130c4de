"""Points in chat: how many the speaker has. Only 1:1, and only their own."""

from handlers.context import Answer, Context
from handlers.filters import command
from handlers.points.balance import Balance, list_balances
from handlers.router import Route
from handlers.texts import say
from storage.states import PointKind


async def show_points(context: Context) -> Answer:
    """我的积分."""
    balances = await list_balances(context.session, context.person_id)
    if not balances:
        return Answer("points.off", say("points.off"))
    lines = [_words(balance) for balance in balances]
    if url := context.services.public_url:
        lines.append(say("points.link", link=f"{url}/h5/points"))
    return Answer("points.shown", "\n\n".join(lines))


def _words(balance: Balance) -> str:
    lines = [_line(one.kind, one.times, one.points) for one in balance.sums]
    return say(
        "points.mine",
        compound=balance.compound.name,
        total=balance.total,
        lines="\n".join(lines) or say("points.none_yet"),
    )


def _line(kind: PointKind, times: int, points: int) -> str:
    match kind:
        case PointKind.REPORT:
            return say("points.report", times=times, points=points)
        case PointKind.CONSULTATION:
            return say("points.consultation", times=times, points=points)
        case PointKind.RATING:
            return say("points.rating", times=times, points=points)


ROUTES = (Route(command(r"(?:查|看)?(?:一下)?(?:我的?)?积分"), show_points),)
