"""A warning in words: how many people, how many there usually are, and which matters it is about; never who."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from handlers.context import Services
from handlers.digests.build import category_name
from handlers.opinions.rules import place_name
from handlers.oversight.rising import Rise
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice
from handlers.texts import say
from nlp.lexicon import Lexicon
from storage.states import MessageClass
from storage.tables import Compound, Matter

_WORTH = timedelta(days=3)
MOST = 3  # rises that a message names; the page has all


def tell_rises(
    services: Services,
    name: str,
    code: str,
    week: str,
    rises: Sequence[Rise],
    examples: Mapping[str, Sequence[Matter]],
    now: datetime,
    compounds: Mapping[str, Sequence[Compound]] | None = None,
) -> Notice:
    """One notice for all that rose in a week of a compound, or with `compounds` of a community."""
    lexicon = services.tagger.lexicon
    lines = [say("oversight.title", name=name)]
    for rise in sorted(rises, key=lambda each: each.usual / each.count)[:MOST]:
        lines.append(_rise_line(lexicon, rise))
        lines += [matter_line(lexicon, matter) for matter in examples.get(rise.category, ())]
        most = "、".join(compound.name for compound in (compounds or {}).get(rise.category, ()))
        if most:
            lines.append(say("oversight.most", names=most))
    link = ""
    if services.public_url:
        page = f"{code}/oversight" if compounds is None else "communities"
        link = f"{services.public_url}/console/{page}"
    lines.append(say("oversight.next"))
    if link:
        lines.append(say("oversight.link", link=link))
    return Notice(
        MessageClass.NOTICE,
        "\n".join(lines),
        f"warning:{code}:{week}",
        facts=Facts(
            NoticeKind.DIGEST,
            what=say("oversight.what"),
            state=say("oversight.state"),
            at=now,
            compound=name,
            number=len(rises),
            link=link,
        ),
        expires_at=now + _WORTH,
    )


def _rise_line(lexicon: Lexicon, rise: Rise) -> str:
    category, usual = category_name(lexicon, rise.category), usual_text(round(rise.usual * 10))
    if rise.weeks == 1:
        return say("oversight.rise_week", category=category, count=rise.count, usual=usual)
    return say("oversight.rise_weeks", category=category, weeks=rise.weeks, count=rise.count, usual=usual)


def usual_text(tenths: int) -> str:
    """How many people there usually are, in words."""
    return say("oversight.usual_few") if tenths < 10 else say("oversight.usual", count=(tenths + 5) // 10)


def matter_line(lexicon: Lexicon, matter: Matter) -> str:
    """A matter without anybody in it: number, what, which building, how many people."""
    return say(
        "oversight.matter",
        number=matter.number,
        what=category_name(lexicon, matter.leaf or ""),
        place=place_name(matter.building, None, None),
        people=matter.households + matter.speakers,
    )
