"""`./run vote papers`, `receive`, `enter`: ballot papers for scripts."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bot.cli.vote_call import Call
from handlers.voting.entry import enter_paper
from handlers.voting.marks import marks_of
from handlers.voting.paper_rules import TOGETHER, Entry, Holder
from handlers.voting.papers import list_printed, print_papers
from handlers.voting.reception import count_batch, receive_papers
from handlers.voting.serials import read_serial
from storage.queries.votes import find_vote


class Papers(BaseModel):
    """Input of `papers`. building: None for all."""

    model_config = ConfigDict(extra="forbid")

    building: str | None = None


class Reception(BaseModel):
    """Input of `receive`. papers: how many are in the box; with it nothing is scanned, the box is counted."""

    model_config = ConfigDict(extra="forbid")

    serials: list[str] = []
    batch: str = ""
    papers: int | None = None


class Proxy(BaseModel):
    """Who holds a mandate."""

    model_config = ConfigDict(extra="forbid")

    name: str
    document: str


class Keyed(BaseModel):
    """Input of `enter`: what somebody read on a paper."""

    model_config = ConfigDict(extra="forbid")

    serial: str
    marks: dict[str, str | list[str]]
    signed_by: str = TOGETHER
    proxy: Proxy | None = None


async def _papers(call: Call) -> dict[str, Any]:
    building = call.read(Papers).building if call.options.input else None
    at = (call.session, call.compound, call.number)
    await print_papers(*at, call.now, actor_id=call.by, building=building)
    assert call.compound.compound_id is not None
    vote = await find_vote(call.session, call.compound.compound_id, call.number)
    assert vote is not None
    printed = await list_printed(call.session, vote, building)
    return {
        "vote": call.number,
        "papers": [
            {"serial": paper.serial, "units": [code for code, _area in units]} for paper, units in printed
        ],
    }


async def _receive(call: Call) -> dict[str, Any]:
    given = call.read(Reception)
    if given.papers is not None:
        at = (call.session, call.sealer, call.compound, call.number)
        box = await count_batch(*at, given.batch, given.papers, call.now, actor_id=call.by)
        return {
            "vote": call.number,
            "batch": box.batch,
            "papers": box.papers,
            "signed": box.signed_at is not None,
        }
    answers = await receive_papers(
        call.session,
        call.sealer,
        call.compound,
        call.number,
        [read_serial(typed) or typed for typed in given.serials],
        call.now,
        actor_id=call.by,
        batch=given.batch,
    )
    return {
        "vote": call.number,
        "received": [
            {"serial": one.serial, "refused": one.refused, "repeated": one.repeated, "other": one.other}
            for one in answers
        ],
    }


async def _enter(call: Call) -> dict[str, Any]:
    given = call.read(Keyed)
    proxy = None if given.proxy is None else Holder(given.proxy.name, given.proxy.document)
    done = await enter_paper(
        call.session,
        call.sealer,
        call.compound,
        call.number,
        read_serial(given.serial) or given.serial,
        Entry(marks_of(given.marks), given.signed_by, proxy),
        call.now,
        actor_id=call.by,
    )
    rejected = done.recorded.rejected if done.recorded is not None else {}
    return {
        "vote": call.number,
        "serial": done.paper.serial,
        "state": done.paper.state,
        "ballot": done.paper.ballot_id,
        "repeated": done.repeated,
        "rejected": {unit: reason.value for unit, reason in rejected.items()},
    }


PAPER_ACTIONS: Mapping[str, Callable[[Call], Awaitable[dict[str, Any]]]] = {
    "papers": _papers,
    "receive": _receive,
    "enter": _enter,
}
