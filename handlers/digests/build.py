"""What a week's digest says, as data: counts, places, what is urgent or unanswered, and three quotes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.digests.masking import is_anonymous, mask
from handlers.digests.rules import QUOTE_LENGTH, WEEK, Quote, Timetable, before, choose_quotes
from handlers.digests.untold import Untold
from handlers.local_time import LOCAL, month_day
from handlers.opinions.rules import SAFETY, place_name
from handlers.requests.commands import OPEN, Verb
from handlers.texts import say
from nlp.lexicon import Lexicon, top_of
from nlp.normalise import normalise
from nlp.place import find_place
from nlp.quotes import spoken
from storage.queries import cycles, week_figures
from storage.queries.cycles import CountedUntil, Week, WeekFigures
from storage.queries.hazards import count_hazards
from storage.queries.week_figures import Building, First, Kind, Outcomes, Period, Quotable, Totals
from storage.states import MatterState, OpinionState
from storage.tables import Matter, Opinion

UNIT = "matters"  # what is counted; digests of before matters counted messages
UNSORTED = ""
UNANSWERED_DAYS = 3
PLACES = 5
URGENT = 10
UNANSWERED = 10
TREND_WEEKS = 8  # this one among them
URGENT_TEXT = 60  # characters
_LONGEST_RAW = 120  # of a quote before its entrance and unit are taken out
_QUOTABLE_EACH = 6  # of a category: most are turned down by the mask

Digest = dict[str, Any]


class Wanted(NamedTuple):
    """A week of a compound whose digest is to be built. last_closes_at: when the week before it closed.

    untold: from when on residents have not heard what was done; None for this week.
    """

    compound_id: int
    code: str
    name: str
    week: str
    moments: Timetable
    last_closes_at: datetime
    untold: Untold | None = None


class _Counted(NamedTuple):
    """What the database says of a batch, by compound_id."""

    totals: Mapping[int, Totals]
    kinds: Mapping[int, Mapping[str, Kind]]
    places: Mapping[int, list[Building]]
    urgent: Mapping[int, list[dict[str, Any]]]
    quotable: Mapping[int, list[Quotable]]
    unanswered_total: Mapping[int, int]
    unanswered: Mapping[int, list[First]]
    outcomes: Mapping[int, Outcomes]
    done: Mapping[int, Mapping[str, Kind]]


async def build_digests(
    session: AsyncSession, services: Services, batch: Sequence[Wanted]
) -> dict[Week, Digest]:
    """Digests as JSON by week. Reads only; counts in the database, and pulls rows only for the short lists.

    A week reaches from the close before to its own, and over weeks before it that were passed over, so that nothing
    said between falls out. At most one week of each compound.
    """
    lexicon = services.tagger.lexicon
    lasts = await cycles.load_digests(session, [(want.compound_id, before(want.week)) for want in batch])
    known = await cycles.load_counted(session, [want.compound_id for want in batch], _earlier(batch))
    periods = {want.compound_id: _period(want, known) for want in batch}
    counted = await _count(session, lexicon, list(periods.values()))
    uncounted = [
        last_period
        for want in batch
        if (
            last_period := _uncounted(
                periods[want.compound_id], lasts.get((want.compound_id, before(want.week)))
            )
        )
    ]
    last_kinds = _kinds(lexicon, await week_figures.count_kinds(session, uncounted)) if uncounted else {}
    history = await _history(session, batch)
    told = await _count_told(session, lexicon, batch, periods)
    hazards = await count_hazards(session, [(want.compound_id, want.week) for want in batch], OPEN)
    built = {}
    for want in batch:
        last = lasts.get((want.compound_id, before(want.week)))
        # What the last digest said, also when somebody has withdrawn since: two digests agree about a week.
        tops = (
            Counter({entry["id"]: entry["count"] for entry in last["categories"]})
            if last and last.get("unit") == UNIT
            else _counts(last_kinds.get(want.compound_id, {}))
        )
        built[want.compound_id, want.week] = _digest(lexicon, want, periods[want.compound_id], counted, tops)
        _add_trends(built[want.compound_id, want.week], want, history)
        _add_told(built[want.compound_id, want.week], want, told.get(want.compound_id))
        if want.compound_id in hazards:
            built[want.compound_id, want.week]["hazards"] = hazards[want.compound_id]._asdict()
    return built


async def _history(session: AsyncSession, batch: Sequence[Wanted]) -> Mapping[Week, WeekFigures]:
    """What the digests of the weeks before said, so that nothing is counted again."""
    return await cycles.load_figures(session, [want.compound_id for want in batch], _earlier(batch), UNIT)


def _earlier(batch: Sequence[Wanted]) -> set[str]:
    return {before(want.week, ago) for want in batch for ago in range(1, TREND_WEEKS)}


def _add_trends(digest: Digest, want: Wanted, history: Mapping[Week, WeekFigures]) -> None:
    """For all and for each kind the counts of the last weeks, the oldest first; None where there was no digest."""
    past = [history.get((want.compound_id, before(want.week, ago))) for ago in range(TREND_WEEKS - 1, 0, -1)]
    digest["trend"] = [*(week.total if week else None for week in past), digest["total"]]
    for entry in digest["categories"]:
        counts = (week.kinds.get(entry["id"], 0) if week else None for week in past)
        entry["trend"] = [*counts, entry["count"]]


def _period(want: Wanted, known: Mapping[Week, CountedUntil]) -> Period:
    ago = 1
    while (last := known.get((want.compound_id, before(want.week, ago)))) and last.passed_over:
        ago += 1
    if last is None or last.until is None:
        since = want.last_closes_at - (ago - 1) * WEEK
        return Period(want.compound_id, since, want.moments.closes_at)
    since = datetime.fromisoformat(last.until)
    return Period(want.compound_id, since, want.moments.closes_at, after_number=last.last_number)


def _uncounted(period: Period, last: Digest | None) -> Period | None:
    """The week before, when no digest says how many matters it had: there was none, or it counted messages."""
    if last is None:
        return Period(period.compound_id, period.since - WEEK, period.since)
    if last.get("unit") == UNIT:
        return None
    return Period(period.compound_id, datetime.fromisoformat(last["from"]), period.since)


async def _count_told(
    session: AsyncSession, lexicon: Lexicon, batch: Sequence[Wanted], periods: Mapping[int, Period]
) -> dict[int, dict[str, Any]]:
    """What was done since the last feedback that went out, where that is longer ago than the week's beginning.

    Kinds are counted from where the newest page ends: of a longer time less that page's they would tell of few.
    """
    longer = [
        (periods[want.compound_id], want.untold)
        for want in batch
        if want.untold and want.untold.since < periods[want.compound_id].since
    ]
    if not longer:
        return {}
    whole = [replace(period, since=untold.since) for period, untold in longer]
    unseen = [
        replace(period, since=min(period.since, max(untold.since, untold.shown_until)))
        for period, untold in longer
    ]
    outcomes = await week_figures.count_outcomes(session, whole, Verb.REPLIED)
    kinds = _kinds(lexicon, await week_figures.count_done_kinds(session, unseen))
    return {
        period.compound_id: _became(
            lexicon, outcomes.get(period.compound_id, Outcomes()), kinds.get(period.compound_id, {})
        )
        for period in whole
    }


def _add_told(digest: Digest, want: Wanted, told: dict[str, Any] | None) -> None:
    """From when on the week's feedback tells what was done, and that, when it is more than the week's own."""
    if told is None or want.untold is None:
        digest["told_since"] = digest["from"]
        return
    digest["told_since"] = want.untold.since.astimezone(LOCAL).isoformat()
    if any(told[name] != digest["became"][name] for name in ("ordered", "answered", "done")):
        digest["told"] = told


async def _count(session: AsyncSession, lexicon: Lexicon, periods: Sequence[Period]) -> _Counted:
    totals = await week_figures.count_weeks(session, periods, SAFETY)
    spoken_in = [
        period for period in periods if totals.get(period.compound_id, Totals()).matters
    ]  # the others say so in one sentence
    urgent = [period for period in spoken_in if totals[period.compound_id].urgent]
    unanswered_total = await week_figures.count_unanswered(session, periods, UNANSWERED_DAYS)
    waiting = [period for period in periods if period.compound_id in unanswered_total]
    outcomes = await week_figures.count_outcomes(session, periods, Verb.REPLIED)
    solved = [period for period in periods if outcomes.get(period.compound_id, Outcomes()).done]
    return _Counted(
        totals,
        _kinds(lexicon, await week_figures.count_kinds(session, spoken_in)) if spoken_in else {},
        await week_figures.count_buildings(session, spoken_in, PLACES) if spoken_in else {},
        _urgent(lexicon, await week_figures.list_urgent(session, urgent, SAFETY, URGENT)) if urgent else {},
        _by_compound(
            await week_figures.list_quotable(session, spoken_in, SAFETY, _LONGEST_RAW, _QUOTABLE_EACH)
            if spoken_in
            else []
        ),
        unanswered_total,
        _firsts(
            await week_figures.list_unanswered(session, waiting, UNANSWERED_DAYS, UNANSWERED)
            if waiting
            else []
        ),
        outcomes,
        _kinds(lexicon, await week_figures.count_done_kinds(session, solved)) if solved else {},
    )


def _digest(
    lexicon: Lexicon, want: Wanted, period: Period, counted: _Counted, last_tops: Counter[str]
) -> Digest:
    compound_id = period.compound_id
    totals = counted.totals.get(compound_id, Totals())
    kinds = counted.kinds.get(compound_id, {})
    ranked = _ranked(kinds)
    urgent = counted.urgent.get(compound_id, [])
    quotes = _quotes(lexicon, counted.quotable.get(compound_id, []), ranked)
    return {
        "compound": want.name,
        "code": want.code,
        "week": want.week,
        "from": period.since.astimezone(LOCAL).isoformat(),
        "to": period.until.astimezone(LOCAL).isoformat(),
        "unit": UNIT,
        "total": totals.matters,
        "last_total": last_tops.total(),
        "households": totals.households,
        "speakers": totals.speakers,
        "candidates": totals.candidates,
        # Unknown when nothing was ever counted: a number of 0 would let the next week count all that came before.
        "last_number": max(totals.last_number, period.after_number or 0) or None,
        "categories": [
            {
                "id": top,
                "name": category_name(lexicon, top),
                "count": kinds[top].matters,
                "last": last_tops.get(top, 0),
                "people": kinds[top].people,
            }
            for top in ranked
        ],
        "places": [
            {
                "name": place.name or place_name(place.building, None, None),
                "count": place.matters,
                "people": place.people,
            }
            for place in counted.places.get(compound_id, [])
        ],
        "became": _became(
            lexicon, counted.outcomes.get(compound_id, Outcomes()), counted.done.get(compound_id, {})
        ),
        "urgent": urgent,
        "urgent_total": totals.urgent,
        "unanswered": [
            {
                "number": first.opinion.number,
                "label": _label(lexicon, first.opinion),
                "place": place_name(first.opinion.building, None, None),
                "people": _people(first.matter),
                "candidate": _is_candidate(first.matter),
                "days": (period.until - first.opinion.filed_at).days,
            }
            for first in counted.unanswered.get(compound_id, [])
        ],
        "unanswered_total": counted.unanswered_total.get(compound_id, 0),
        "quotes": quotes,
        "has_words": bool(quotes) or any(entry["text"] for entry in urgent),
    }


def _became(lexicon: Lexicon, outcomes: Outcomes, done: Mapping[str, Kind]) -> dict[str, Any]:
    kinds = [
        {
            "id": top,
            "name": category_name(lexicon, top),
            "count": done[top].matters,
            "people": done[top].people,
        }
        for top in _ranked(done)
    ]
    return {**outcomes._asdict(), "kinds": kinds}


def _kinds(lexicon: Lexicon, found: Mapping[int, list[Kind]]) -> dict[int, dict[str, Kind]]:
    """By top category; what an older lexicon knew and this one does not is as good as unsorted."""
    kinds: dict[int, dict[str, Kind]] = {}
    for compound_id, counts in found.items():
        of_compound = kinds.setdefault(compound_id, {})
        for kind in sorted(counts):
            top = top_of(kind.top)
            top = top if top in lexicon.tops else UNSORTED
            before = of_compound.get(top, Kind(top, 0, 0))
            # The same people may be behind both: that there are at least so many is sure.
            people = max(before.people, kind.people)
            of_compound[top] = Kind(top, before.matters + kind.matters, people)
    return kinds


def _counts(kinds: Mapping[str, Kind]) -> Counter[str]:
    return Counter({top: kind.matters for top, kind in kinds.items()})


def _ranked(kinds: Mapping[str, Kind]) -> list[str]:
    """The most frequent first."""
    return [top for top, _count in _counts(kinds).most_common()]


def _by_compound(quotable: Iterable[Quotable]) -> dict[int, list[Quotable]]:
    found: dict[int, list[Quotable]] = {}
    for each in quotable:
        found.setdefault(each.compound_id, []).append(each)
    return found


def _firsts(found: Iterable[First]) -> dict[int, list[First]]:
    of_compound: dict[int, list[First]] = {}
    for first in found:
        of_compound.setdefault(first.opinion.compound_id, []).append(first)
    return of_compound


def _people(matter: Matter | None) -> int:
    """Households and other people who say the same."""
    return matter.households + matter.speakers if matter else 1


def _is_candidate(matter: Matter | None) -> bool:
    return matter is not None and matter.state is MatterState.CANDIDATE


def category_name(lexicon: Lexicon, category: str) -> str:
    """A category as people read it; one that this lexicon does not know is as good as unsorted."""
    try:
        return lexicon.name(category)
    except KeyError:
        return say("digests.unsorted")


def _label(lexicon: Lexicon, opinion: Opinion) -> str:
    return category_name(lexicon, opinion.categories[0]["id"] if opinion.categories else UNSORTED)


def _urgent(lexicon: Lexicon, found: Iterable[First]) -> dict[int, list[dict[str, Any]]]:
    urgent: dict[int, list[dict[str, Any]]] = {}
    for opinion, refused, matter in found:
        urgent.setdefault(opinion.compound_id, []).append(
            {
                "number": opinion.number,
                "label": _label(lexicon, opinion),
                "place": place_name(opinion.building, None, None),
                "people": _people(matter),
                "said_on": month_day(opinion.said_at),
                # Staff find the door and the speaker by the number; a group need not.
                "text": "" if refused else (without_identity(opinion.text or "") or "")[:URGENT_TEXT],
                "state": state_name(opinion.state),
            }
        )
    return urgent


def _quotes(lexicon: Lexicon, found: Sequence[Quotable], ranked: Sequence[str]) -> list[dict[str, Any]]:
    leaves = {each.number: each.leaf or UNSORTED for each in found}
    candidates = [
        Quote(each.number, top_of(leaves[each.number]), each.person_id, each.text) for each in found
    ]
    return [
        {
            "text": quote.text,
            "label": category_name(lexicon, leaves[quote.number]),
            "number": quote.number,
        }
        for quote in choose_quotes(candidates, ranked, words=_quotable)
    ]


def _quotable(text: str) -> str | None:
    words = without_identity(text)
    return words if words is not None and len(words) in QUOTE_LENGTH else None


def without_identity(text: str) -> str | None:
    """Somebody's own words without what would tell who they are; None when that cannot be made sure.

    Looked at twice: as written, and in the spelling that the tagger reads (traditional characters, loose blanks).
    """
    masked = mask(spoken(text))
    plain = normalise(masked)
    place = find_place(plain)
    sure = is_anonymous(masked) and is_anonymous(plain) and mask(plain) == plain
    return masked if masked and sure and not (place.entrance or place.unit) else None


def state_name(state: OpinionState) -> str:
    """The state of an opinion as the committee reads it."""
    return say("digests.state_withdrawn" if state is OpinionState.WITHDRAWN else "digests.state_filed")
