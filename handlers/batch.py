"""What the messages of one batch share: asked once, and only when somebody needs it."""

from collections.abc import Collection, Iterable, Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.people import list_homes
from storage.queries.rooms import list_heard_groups
from storage.queries.tree import find_compound, list_codes_among, list_houses_listed
from storage.tables import ChatGroup, Compound, Place

Home = tuple[Compound, Place | None]
GroupHome = tuple[ChatGroup, Compound]


class Batch:
    """Lives as long as one transaction. `person_ids` are those who speak in it, as far as they are known."""

    def __init__(self, session: AsyncSession, person_ids: Iterable[int]) -> None:
        self._session = session
        self._unasked = set(person_ids)
        self._homes: dict[int, Home] = {}
        self._asked: set[int] = set()
        self._compounds: dict[str, Compound | None] = {}
        self._groups: dict[tuple[str, str], GroupHome] = {}
        self._houses: dict[int, dict[str, bool]] = {}

    async def home_of(self, person_id: int) -> Home | None:
        """Where a person lives, as they said last. The first question fetches the homes of all."""
        if person_id not in self._asked:
            asked = {person_id, *self._unasked}
            self._homes |= await list_homes(self._session, asked)
            self._asked |= asked
            self._unasked.clear()
        return self._homes.get(person_id)

    def forget_home(self, person_id: int) -> None:
        """The person has moved or gone: what was known is no longer true."""
        self._asked.discard(person_id)
        self._homes.pop(person_id, None)

    async def compound_of_code(self, code: str) -> Compound | None:
        """A compound by its stable code."""
        if code not in self._compounds:
            self._compounds[code] = await find_compound(self._session, code)
        return self._compounds[code]

    async def houses_of(self, compound_id: int) -> Mapping[str, bool]:
        """The codes of a compound's buildings and entrances, with whether the flats right behind each are known."""
        if compound_id not in self._houses:
            self._houses[compound_id] = await list_houses_listed(self._session, compound_id)
        return self._houses[compound_id]

    async def known_among(self, compound_id: int, codes: Collection[str]) -> frozenset[str]:
        """Those of a few codes that are places of the compound."""
        return frozenset(await list_codes_among(self._session, compound_id, codes)) if codes else frozenset()

    async def meet_groups(self, rooms: Collection[tuple[str, str]]) -> None:
        """Fetch the registered groups of these rooms (account, room)."""
        if rooms:
            self._groups = await list_heard_groups(self._session, rooms)

    def group_of(self, account: str, room: str) -> GroupHome | None:
        """The registered group that a room is, with its compound; None for a room that nobody registered."""
        return self._groups.get((account, room)) if room else None
