"""For ./run doctor: whether the operator's templates have the fields that the configuration fills."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from bot.channels.base import ChannelError
from bot.channels.official_account import OfficialAccount
from bot.config import OfficialAccountSettings
from storage.states import Form

_TABLES = {Form.TEMPLATE: "template", Form.SUBSCRIBE: "subscribe"}


class Compared(NamedTuple):
    """One kind of notice in one form. what: notices.KIND.template or .subscribe; fault: empty when it fits."""

    what: str
    detail: str
    fault: str = ""


async def compare_templates(
    settings: OfficialAccountSettings, channel: OfficialAccount
) -> AsyncIterator[Compared]:
    """Hold every kind that has fields against the platform's list of templates. What is not listed is no fault."""
    listed: dict[Form, dict[str, frozenset[str]] | str] = {}
    for kind, notice in settings.notices.items():
        for form, template_id, fields in (
            (Form.TEMPLATE, notice.template_id or settings.template_id, notice.template),
            (Form.SUBSCRIBE, settings.subscribe_template_id, notice.subscribe),
        ):
            if not fields:
                continue
            if form not in listed:
                try:
                    listed[form] = await channel.templates_of(form)
                except ChannelError as error:
                    listed[form] = f"{error.result.verdict}, errcode {error.result.errcode}"
            what, known = f"notices.{kind}.{_TABLES[form]}", listed[form]
            if isinstance(known, str):
                yield Compared(what, f"the platform lists no templates ({known}): not compared")
            elif template_id not in known:
                yield Compared(
                    what, "the platform does not list this template, as with 类目模板: not compared"
                )
            else:
                yield _compare(what, set(fields), known[template_id])


def _compare(what: str, ours: set[str], theirs: frozenset[str]) -> Compared:
    unknown, missing = sorted(ours - theirs), sorted(theirs - ours)
    faults = [f"the template has no field {', '.join(unknown)}"] if unknown else []
    faults += [f"nothing is said for its field {', '.join(missing)}"] if missing else []
    return Compared(what, f"{len(ours)} fields, as the template has them", "; ".join(faults))
