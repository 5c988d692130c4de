"""Photos: which words they belong to, whichever comes first, and that they go with them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from handlers.groups.entries import Entry, Said
from handlers.inbound import InboundKind
from handlers.oversight.retention import reduce_raw_text
from handlers.people.join import join_people
from handlers.photos.rules import WITHIN, words_of
from handlers.photos.rules import Said as Words
from handlers.receive import Received, receive
from storage.blobs import find_blob, put_blob
from storage.queries.people import get_or_add_identities
from storage.queries.photos import lock_photos
from storage.states import InboxState, PhotoState
from storage.tables import AuditEvent, Blob, InboxMessage, Opinion, OutboxMessage, Photo, RequestEvent
from tests.handlers.archive import PEOPLE, QIAN, ROOM, STAFF, ZHAO, Group
from tests.handlers.orders import office
from tests.handlers.talk import NOW, Talk

LIFT = "3栋2单元电梯坏了三天，老人下不了楼"
TRASH = "3栋楼下垃圾堆了三天没人收"
SECOND = timedelta(seconds=1)


@dataclass
class Phone:
    """One resident's phone; `at` is seconds after NOW by the platform's clock."""

    talk: Talk
    sender: str = "o-zhao"

    def _message(self, text: str, kind: InboundKind, at: float, key: str, media_id: str) -> InboxMessage:
        message = self.talk.message(self.sender, text, kind)
        message.sent_at = NOW + timedelta(seconds=at)
        message.media_id = media_id
        message.message_key = key or message.message_key
        return message

    def words(self, text: str, at: float) -> InboxMessage:
        return self._message(text, InboundKind.TEXT, at, "", "")

    def picture(self, at: float, media_id: str = "") -> InboxMessage:
        return self._message("", InboundKind.IMAGE, at, "", media_id or f"media-{self.sender}-{at}")

    async def says(self, text: str, at: float) -> str:
        [answer] = await self.talk.batch([self.words(text, at)])
        return answer.text

    async def shows(self, at: float, media_id: str = "") -> tuple[str, str]:
        [answer] = await self.talk.batch([self.picture(at, media_id)])
        return answer.outcome, answer.text


@pytest.fixture
async def zhao(talk: Talk) -> Phone:
    await talk.bind("o-zhao")
    return Phone(talk)


async def whose(talk: Talk) -> list[int | None]:
    """The opinions that the photos belong to, by when they were sent."""
    return [photo.opinion_number for photo in sorted(await talk.rows(Photo), key=lambda photo: photo.said_at)]


async def keep(talk: Talk, content: bytes = b"picture") -> None:
    """What the fetcher does: all photos have this content now."""
    async with talk.database.write() as session:
        for photo in (await session.exec(select(Photo).where(Photo.state == PhotoState.WANTED))).all():
            await lock_photos(session, photo.compound_id)
            photo.address = await put_blob(
                session, talk.services.sealer, photo.compound_id, content, "image/jpeg", talk.now
            )
            photo.state = PhotoState.KEPT


# Two minutes


@pytest.mark.parametrize(("gap", "belongs"), [(1, True), (119, True), (120, True), (121, False)])
@pytest.mark.parametrize("picture_first", [True, False])
@pytest.mark.parametrize("arrives_first", ["picture", "words"])
async def test_two_minutes_before_or_after_in_any_order_of_arrival(
    zhao: Phone, gap: int, belongs: bool, picture_first: bool, arrives_first: str
) -> None:
    at = (0, gap) if picture_first else (gap, 0)
    sent = [zhao.picture(at[0]), zhao.words(LIFT, at[1])]
    for message in sent if arrives_first == "picture" else reversed(sent):
        await zhao.talk.batch([message])
    photos = await zhao.talk.rows(Photo)
    near = [photo for photo in photos if photo.event_seq is None]
    assert [photo.opinion_number for photo in near] == ([1001] if belongs else [])
    # Later than that it can only have been added to the one matter that waits, in the request's timeline.
    assert len(photos) == len(near) + (not belongs and arrives_first == "words")


async def test_somebody_elses_words_have_no_claim_to_it(zhao: Phone) -> None:
    await zhao.talk.bind("o-qian")
    await Phone(zhao.talk, "o-qian").says(LIFT, 0)
    outcome, text = await zhao.shows(5)
    assert (outcome, await zhao.talk.rows(Photo)) == ("media.seen", [])
    assert "一句话" in text


async def test_the_first_is_answered_and_an_album_costs_no_more_answers(zhao: Phone) -> None:
    await zhao.says(LIFT, 0)
    assert await zhao.shows(5) == (
        "photo.attached",
        "照片收到，已附在编号 1001 里。同一件事的照片，可以接着发。",
    )
    assert [await zhao.shows(at) for at in (6, 7)] == [("photo.attached", "")] * 2
    assert await whose(zhao.talk) == [1001] * 3


async def test_pictures_before_their_words_are_asked_about_once_and_taken_up(zhao: Phone) -> None:
    assert "一句话" in (await zhao.shows(0))[1]
    assert await zhao.shows(1) == ("media.seen", "")
    receipt = await zhao.says(LIFT, 60)
    assert "您发的照片已附上（2 张）" in receipt
    assert await whose(zhao.talk) == [1001, 1001]


async def test_a_retry_and_the_same_picture_twice(zhao: Phone) -> None:
    await zhao.says(LIFT, 0)
    await zhao.shows(5, "media-same")
    await zhao.shows(9, "media-same")
    message = (await zhao.talk.rows(InboxMessage))[-1]
    async with zhao.talk.database.write() as session:  # worked on again, as after a restored backup
        row = await session.get_one(InboxMessage, message.inbox_id)
        await receive(session, zhao.talk.services, [Received(row, None, None)], zhao.talk.now)
    assert await whose(zhao.talk) == [1001, 1001]
    await keep(zhao.talk)
    assert len(await zhao.talk.rows(Blob)) == 1


async def test_two_replicas_meet_words_and_picture_at_once(zhao: Phone) -> None:
    for number in range(4):
        at = 600.0 * number
        await asyncio.gather(
            zhao.talk.batch([zhao.picture(at)]), zhao.talk.batch([zhao.words(f"{LIFT}第{number}次", at + 1)])
        )
    opinions = {opinion.said_at - SECOND: opinion.number for opinion in await zhao.talk.rows(Opinion)}
    assert {photo.said_at: photo.opinion_number for photo in await zhao.talk.rows(Photo)} == opinions


async def test_words_that_were_held_until_the_home_was_known_bring_their_picture(talk: Talk) -> None:
    phone = Phone(talk, "o-sun")
    await phone.shows(0)
    await phone.says(LIFT, 30)
    assert await talk.rows(Photo) == []
    await talk.bind("o-sun")
    assert await whose(talk) == [1001]


async def test_a_video_and_a_picture_without_a_handle_are_asked_about(zhao: Phone) -> None:
    await zhao.says(LIFT, 0)
    message = zhao.picture(5)
    message.media_id = ""
    [answer] = await zhao.talk.batch([message])
    assert answer.outcome == "media.seen"
    assert (await zhao.talk.hear("o-zhao", kind=InboundKind.VIDEO)).outcome == "media.seen"
    assert await zhao.talk.rows(Photo) == []


# Which words


def said(at: float, number: int, room: str = "", *, is_picture: bool = False) -> Words:
    return Words(NOW + timedelta(seconds=at), 1, number, room, is_picture=is_picture)


@pytest.mark.parametrize(
    ("words", "room", "number"),
    [
        ([], "", None),
        ([said(-100, 1), said(5, 2)], "", 1),  # what is said is shown: the words before it come first
        ([said(-100, 1), said(-50, 2)], "", 2),
        ([said(60, 1), said(50, 2)], "", 2),
        ([said(-121, 1), said(120, 2)], "", 2),
        ([said(0, 1)], "", 1),
        ([said(0, 1, "wr1")], "", 1),
        ([said(0, 1)], "wr1", None),
        ([said(0, 1, "wr2")], "wr1", None),
        ([said(-9, 1, is_picture=True), said(100, 2)], "", 2),
        ([said(-9, 1, is_picture=True)], "", 1),
    ],
)
def test_which_words_a_picture_belongs_to(words: list[Words], room: str, number: int | None) -> None:
    for order in (words, words[::-1]):
        found = words_of(NOW, room, order)
        assert (found.opinion_number if found else None) == number


@given(st.lists(st.integers(-300, 300), max_size=6))
def test_never_further_than_two_minutes(times: list[int]) -> None:
    found = words_of(NOW, "", [said(at, number) for number, at in enumerate(times)])
    near = [at for at in times if abs(at) <= WITHIN.total_seconds()]
    assert (found is not None) == bool(near)


# Later


async def test_a_later_picture_goes_to_the_one_matter_that_waits_and_staff_hear_of_it(zhao: Phone) -> None:
    talk = zhao.talk
    await office(talk)
    await zhao.says(LIFT, 0)
    outcome, text = await zhao.shows(3600)
    assert outcome == "photo.supplemented"
    assert "已附在编号 1001 里，转给办理的人了" in text
    assert await zhao.shows(3660) == ("photo.attached", "")  # an album is one entry
    [photo, other] = await talk.rows(Photo)
    [event] = [event for event in await talk.rows(RequestEvent) if event.verb == "request.supplemented"]
    assert {(p.opinion_number, p.request_number, p.event_seq) for p in (photo, other)} == {
        (1001, 1001, event.seq)
    }
    assert event.public is False
    told = [row.text for row in await talk.rows(OutboxMessage) if "居民补充了情况" in row.text]
    assert any("（发来照片）" in text for text in told)


async def test_which_of_two_matters_nobody_guesses_nor_an_old_one(zhao: Phone) -> None:
    await zhao.says(LIFT, 0)
    await zhao.says(TRASH, 600)
    assert (await zhao.shows(3600))[0] == "media.seen"
    await zhao.says("撤回 1002", 3700)
    assert (await zhao.shows(25 * 3600))[0] == "media.seen"
    assert await zhao.talk.rows(Photo) == []


async def test_words_about_something_else_take_a_later_picture_along(zhao: Phone) -> None:
    await zhao.says(LIFT, 0)
    for at in (3600, 3610):
        await zhao.shows(at)
    assert "已附上（2 张）" in await zhao.says(TRASH, 3650)
    assert await whose(zhao.talk) == [1002, 1002]
    assert {photo.event_seq for photo in await zhao.talk.rows(Photo)} == {None}


async def test_a_picture_beside_a_supplement_belongs_to_its_entry(zhao: Phone) -> None:
    await office(zhao.talk)
    await zhao.says(LIFT, 0)
    await zhao.says("补充 1001 一共坏了两台", 7200)
    assert (await zhao.shows(7250))[0] == "photo.attached"
    [photo] = await zhao.talk.rows(Photo)
    [event] = [event for event in await zhao.talk.rows(RequestEvent) if event.verb == "request.supplemented"]
    assert (photo.opinion_number, photo.event_seq) == (1001, event.seq)


async def test_staff_hear_how_many_photos_there_are(zhao: Phone) -> None:
    talk = zhao.talk
    await office(talk)
    await zhao.shows(0)
    await zhao.says(LIFT, 10)
    await zhao.shows(20)
    to_dispatch = [row.text for row in await talk.rows(OutboxMessage) if row.text.startswith("待派单")]
    assert to_dispatch
    assert all("附照片 1 张" in text for text in to_dispatch)
    answer = await talk.hear("shu", "派单 1001 物业", account="corp")
    assert answer.outcome == "request.dispatched"
    assert "附照片 2 张" in next(
        row.text for row in await talk.rows(OutboxMessage) if "新单 1001" in row.text
    )
    assert "附照片 2 张" in (await talk.hear("shu", "进度 1001", account="corp")).text


# Going


async def test_taken_back_with_the_words_and_never_taken_up_again(zhao: Phone) -> None:
    talk = zhao.talk
    await zhao.says(LIFT, 0)
    await zhao.shows(5)
    await keep(talk)
    await zhao.says("撤回 1001", 20)
    assert (await talk.rows(Photo), await talk.rows(Blob)) == ([], [])
    await zhao.says(TRASH, 40)
    assert await talk.rows(Photo) == []
    [audit] = [event for event in await talk.rows(AuditEvent) if event.verb == "opinion.withdrawn"]
    assert audit.details == {"photos": 1}


async def test_a_blob_of_two_photos_stays_until_the_last_goes(zhao: Phone) -> None:
    talk = zhao.talk
    await talk.bind("o-qian")
    qian = Phone(talk, "o-qian")
    for phone, text in ((zhao, LIFT), (qian, TRASH)):
        await phone.says(text, 0)
        await phone.shows(5)
    await keep(talk)
    [blob] = await talk.rows(Blob)
    await zhao.says("撤回 1001", 20)
    assert [row.address for row in await talk.rows(Blob)] == [blob.address]
    async with talk.database.read() as session:
        assert await find_blob(session, talk.services.sealer, 1, blob.address) == (b"picture", "image/jpeg")
    await qian.says("撤回 1002", 20)
    assert await talk.rows(Blob) == []


async def test_erasure_takes_ones_own_and_leaves_the_counts(zhao: Phone) -> None:
    talk = zhao.talk
    await talk.bind("o-qian")
    qian = Phone(talk, "o-qian")
    for phone, text in ((zhao, LIFT), (qian, TRASH)):
        await phone.says(text, 0)
        await phone.shows(5)
    await keep(talk)
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    assert await whose(talk) == [1002]
    assert len(await talk.rows(Blob)) == 1
    assert len(await talk.rows(Opinion)) == 2
    assert all(
        message.media_id == "" for message in await talk.rows(InboxMessage) if message.sender != "o-qian"
    )
    [audit] = [event for event in await talk.rows(AuditEvent) if event.verb == "person.erased"]
    assert audit.details == {
        "opinions": 1,
        "photos": 1,
        "polls": 0,
        "surveys": 0,
        "proposals": 0,
        "bindings": 0,
    }


async def test_photos_go_with_the_words_when_their_time_is_over(zhao: Phone) -> None:
    talk = zhao.talk
    await zhao.says(LIFT, 0)
    await zhao.shows(5)
    await zhao.says(TRASH, 86400)
    await zhao.shows(86405)
    await keep(talk)
    assert await reduce_raw_text(talk.database, NOW + timedelta(hours=12)) > 0
    assert await whose(talk) == [1002]
    assert len(await talk.rows(Blob)) == 1  # the same picture, sent again
    await reduce_raw_text(talk.database, NOW + timedelta(days=2))
    assert (await talk.rows(Photo), await talk.rows(Blob)) == ([], [])
    assert len(await talk.rows(Opinion)) == 2


# Groups


@pytest.fixture
async def group(talk: Talk) -> AsyncIterator[Group]:
    group = Group(talk.database, talk.services)
    await group.open()
    yield group


def shown(group: Group, at: float, sender: str = ZHAO, room: str = ROOM) -> Said:
    entry = group.said("", sender, room, kind=InboundKind.IMAGE, at=NOW + timedelta(seconds=at))
    return replace(entry, media=(f"file-{sender}-{at}",))


async def hear(talk: Talk, group: Group, *entries: Entry) -> None:
    """Through the archive's filter, then as the worker takes it."""
    await group.hear(*entries)
    async with talk.database.write() as session:
        statement = select(InboxMessage).where(InboxMessage.state == InboxState.NEW)
        rows = (await session.exec(statement.order_by(InboxMessage.inbox_id))).all()  # type: ignore[arg-type]
        await receive(session, talk.services, [Received(row, None, None) for row in rows], talk.now)


def words_at(group: Group, text: str, at: float, sender: str = ZHAO) -> Said:
    return group.said(text, sender, at=NOW + timedelta(seconds=at))


async def test_a_picture_in_a_group_belongs_to_what_its_sender_says_there(talk: Talk, group: Group) -> None:
    await hear(
        talk, group, shown(group, 0), words_at(group, LIFT, 30), shown(group, 50), shown(group, 55, QIAN)
    )
    assert await whose(talk) == [1001, 1001]
    assert {photo.account for photo in await talk.rows(Photo)} == {"archive"}
    assert await talk.rows(OutboxMessage) == []  # a group is never answered


async def test_of_who_is_not_heard_no_picture_is_kept(talk: Talk, group: Group) -> None:
    stranger = "wmStranger".ljust(32, "x")
    for entry in (
        shown(group, 0, stranger),
        shown(group, 0, STAFF),
        shown(group, -7200),  # before they were told
        shown(group, 0, room="wrElsewhere"),
        shown(group, 0, room=""),
    ):
        await hear(talk, group, entry)
    assert await talk.rows(InboxMessage) == []


async def test_several_pictures_and_words_in_one_message(talk: Talk, group: Group) -> None:
    entry = words_at(group, LIFT, 0)
    await hear(talk, group, replace(entry, media=("file-one", "file-two")))
    photos = await talk.rows(Photo)
    assert [(photo.media_id, photo.opinion_number) for photo in photos] == [
        ("file-one", 1001),
        ("file-two", 1001),
    ]


@pytest.mark.parametrize("what", ["words", "picture"])
async def test_a_revoked_message_takes_its_picture_with_it(talk: Talk, group: Group, what: str) -> None:
    text, picture = words_at(group, LIFT, 0), shown(group, 10)
    await hear(talk, group, text, picture)
    await keep(talk)
    assert len(await talk.rows(Blob)) == 1
    await group.hear(group.revoked(text.key if what == "words" else picture.key))
    assert (await talk.rows(Photo), await talk.rows(Blob)) == ([], [])
    assert {row.media_id for row in await talk.rows(InboxMessage)} == {""}


async def test_one_human_being_on_two_accounts_has_the_photos_of_both(talk: Talk, group: Group) -> None:
    await hear(talk, group, words_at(group, LIFT, 0), shown(group, 5))
    async with talk.database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-zhao"), (PEOPLE, ZHAO)], talk.now)
        for identity in people.values():
            identity.union_id = "u-zhao"
    async with talk.database.write() as session:
        assert await join_people(session, talk.services, "u-zhao", talk.now) == 1
    [photo] = await talk.rows(Photo)
    assert photo.person_id == people["main", "o-zhao"].person_id
    assert (await talk.hear("o-zhao", "确认删除")).outcome == "person.erased"
    assert await talk.rows(Photo) == []
