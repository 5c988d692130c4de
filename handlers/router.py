"""An ordered list of (filter, handler); the first filter that does not say False wins."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from handlers.context import Answer, Context
from handlers.inbound import Inbound

Arguments = dict[str, Any]
Filter = Callable[[Inbound], Arguments | Literal[False]]
Handler = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """A filter returns the handler's keyword arguments, or False."""

    matches: Filter
    handler: Handler


async def dispatch(routes: Sequence[Route], context: Context) -> Answer:
    """Hand the message to the first route that wants it; raises LookupError when none does."""
    for route in routes:
        arguments = route.matches(context.inbound)
        if arguments is not False:
            return await route.handler(context, **arguments)
    raise LookupError("no route took the message")
