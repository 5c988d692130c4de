"""Where an opinion belongs: as it was said, in the group it was said in, as far as the compound has such a place."""

from collections.abc import Set as AbstractSet

from handlers.batch import Batch
from handlers.opinions.rules import place_in_group
from nlp.known_places import Checked, check_place
from nlp.place import Place


async def place_of(
    batch: Batch, compound_id: int, said: Place, group_place: str | None, *, danger: bool
) -> Checked:
    """Hold what was said against the compound's places; a compound that has none leaves it as it is.

    group_place: the code of the building or entrance that the group is of, None outside such a group. danger: nothing
    is dropped. Somebody may be in a building that nobody entered, and two fires without a building would be one alert.
    """
    building, entrance = place_in_group(group_place, said.building, said.entrance)
    place = Place(building, entrance, said.unit)
    if not any(place):
        return Checked(place)
    houses = await batch.houses_of(compound_id)
    flats = await batch.known_among(compound_id, _flats_meant(place, houses))
    checked = check_place(place, houses | flats)
    return Checked(place) if danger and checked.dropped else checked


def _flats_meant(place: Place, houses: AbstractSet[str]) -> frozenset[str]:
    """The codes that a flat may have whose entrance was not said, where there are several to choose from."""
    if place.building is None or place.unit is None or place.entrance is not None:
        return frozenset()
    entrances = [code for code in houses if code.startswith(f"{place.building}-")]
    return frozenset(f"{code}-{place.unit}" for code in entrances) if len(entrances) > 1 else frozenset()
