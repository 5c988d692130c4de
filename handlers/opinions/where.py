"""Where an opinion belongs: as it was said, in the group it was said in, as far as the compound has such a place."""

from collections.abc import Mapping

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
    listed = {code for code, is_listed in houses.items() if is_listed}
    checked = check_place(place, houses.keys() | flats, listed)
    return Checked(place) if danger and checked.dropped else checked


def _flats_meant(place: Place, houses: Mapping[str, bool]) -> frozenset[str]:
    """The codes that a flat may have behind the doors whose flats are known. houses: whether they are."""
    buildings = [code for code in houses if "-" not in code]
    building = place.building or (buildings[0] if len(buildings) == 1 else None)
    if building is None or place.unit is None:
        return frozenset()
    behind = (building, *(code for code in houses if code.startswith(f"{building}-")))
    return frozenset(f"{code}-{place.unit}" for code in behind if houses.get(code))
