"""`./run vote officers`: who alone sees which units have not voted, for scripts."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.cli.vote_call import Call
from handlers.people.staff import get_staff_account
from handlers.voting.officers import name_officers
from storage.queries.accounts import find_staff_account_of
from storage.queries.vote_reach import list_officers


class Officers(BaseModel):
    """Input of `officers`: two usernames."""

    model_config = ConfigDict(extra="forbid")

    officers: list[str]


async def put_officers(call: Call) -> dict[str, Any]:
    """Name two before the notice; without input, say who they are."""
    if call.options.input:
        accounts = [
            await get_staff_account(call.session, username) for username in call.read(Officers).officers
        ]
        named = [account.person_id for account in accounts]
        await name_officers(call.session, call.compound, call.number, named, call.now, actor_id=call.by)
    assert call.compound.compound_id is not None
    named = await list_officers(call.session, call.compound.compound_id, call.number)
    found = [await find_staff_account_of(call.session, person_id) for person_id in named]
    return {"vote": call.number, "officers": [each.username for each in found if each is not None]}
