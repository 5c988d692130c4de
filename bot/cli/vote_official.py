"""`./run vote official`: what the government's platform published, by two accounts, each with the same figures."""

import json
from typing import Any

from bot.cli.vote_call import Call
from bot.config import ConfigError
from handlers.voting.official import FiguresError
from handlers.voting.official_figures import figures_from
from handlers.voting.take_official import take_official


async def official(call: Call) -> dict[str, Any]:
    """Keep the first account's figures, or take them when a second one brings the same."""
    if not call.options.input:
        raise ConfigError("vote official needs --input FILE (- for stdin)")
    try:
        taken = await take_official(
            call.session,
            call.sealer,
            call.signer,
            call.compound,
            call.number,
            figures_from(json.loads(call.text)),
            call.now,
            actor_id=call.by,
        )
    except FiguresError as error:
        raise ConfigError(f"vote official: {error.where} is missing, or is none of this vote") from None
    except ValueError:
        raise ConfigError("vote official: the input is not JSON") from None
    if taken.differs:
        return {"refused": "official.differs", "differs": list(taken.differs)}
    return {"vote": call.number, "confirmed": taken.confirmed}
