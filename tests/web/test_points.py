"""Points on pages: switched on by staff, seen by whoever has them and by nobody else."""

from datetime import timedelta

from handlers.points.sweep import advance_points
from storage.queries.people import get_or_add_identities, put_residency
from tests.web.orders import fields_of, matter, text_of
from tests.web.town import HERE, Town, here_id

PAGE = f"/console/{HERE}/points"


async def test_points_are_off_until_somebody_switches_them_on(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-resident")], town.clock.now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3", town.clock.now)
    resident = await town.as_resident()
    assert "没有开积分" in text_of(await resident.get("/h5/points"))
    staff = await town.as_staff("secretary")
    page = await staff.get(PAGE)
    assert "没有开" in text_of(page)
    for _ in range(2):
        assert (await staff.post(PAGE, fields_of(page, "points"))).location == f"{PAGE}?told=points_on"
    town.clock.forward(timedelta(minutes=1))
    await matter(town)
    assert await advance_points(town.site.database, town.clock.now) == 1
    assert "5 分" in text_of(await (await town.as_resident()).get("/h5/points"))
    shown = text_of(await staff.get(PAGE))
    assert "1 次，5 分" in shown
    assert "没有排名" in shown
