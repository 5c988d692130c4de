"""What the bot says to somebody who wants to prove that they are an owner: where the page is."""

from handlers.context import Answer, Context
from handlers.filters import command
from handlers.identity.announce import PAGE
from handlers.router import Route
from handlers.texts import say


async def where_to_prove(context: Context) -> Answer:
    """我是业主."""
    address = context.services.public_url
    if not address:
        return Answer("owner.page_unknown", say("identity.where_unknown"))
    return Answer("owner.page_told", say("identity.where_to_prove", link=f"{address}{PAGE}"))


_ASKED = r"我是(?:这里的?|这儿的?)?业主|业主认证|(?:确认|验证)业主身份"
ROUTES = (Route(command(_ASKED), where_to_prove),)
