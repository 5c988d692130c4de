"""`./run vote`: owners' votes for scripts, JSON in and out. Whoever runs it has the database; rights are for pages."""

import argparse
import asyncio
import getpass
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.app import open_sealer, open_signer, utc_now
from bot.cli.vote_call import Call
from bot.cli.vote_lines import local_text, part_line, show_vote
from bot.cli.vote_officers import put_officers
from bot.cli.vote_official import official
from bot.cli.vote_papers import PAPER_ACTIONS
from bot.config import ConfigError, Settings
from handlers.people.staff import StaffError, get_staff_account
from handlers.voting.bundle import write_bundle
from handlers.voting.cast import NoBallot
from handlers.voting.checking import lint_vote, record_checked
from handlers.voting.count import counts_of, publish_vote, tally_vote
from handlers.voting.draft import Changes, create_vote, edit_vote
from handlers.voting.export import export_vote
from handlers.voting.extend import extend_vote
from handlers.voting.frozen_roll import RollError
from handlers.voting.jurisdictions import NATIONAL, ProfileError
from handlers.voting.life import NoVote
from handlers.voting.marks import MarkError, marks_of
from handlers.voting.notice import notice_vote
from handlers.voting.officers import NotNamed
from handlers.voting.paper_rules import PaperRefused
from handlers.voting.revoke import revoke_vote
from handlers.voting.rules import Refused
from handlers.voting.ruling import NoRuling, rule_on_case
from handlers.voting.templates import TemplateError
from handlers.voting.turnout import load_turnout
from storage.audit import add_audit_event
from storage.database import Database
from storage.migrate import prepare
from storage.queries.tree import find_compound
from storage.queries.votes import find_vote, list_cases
from storage.tables import Vote

_REFUSED = 1


class New(BaseModel):
    """Input of `create`."""

    model_config = ConfigDict(extra="forbid")

    template: str
    profile: str = NATIONAL
    values: dict[str, str] = {}


class Decision(BaseModel):
    """Input of `rule`. decision: by question the mark that counts, null for none."""

    model_config = ConfigDict(extra="forbid")

    decision: dict[str, str | list[str] | None]
    reason: str


async def run(
    settings: Settings,
    options: argparse.Namespace,
    source: TextIO = sys.stdin,
    out: TextIO = sys.stdout,
    now: datetime | None = None,
) -> int:
    """Do one thing and print what came of it, one line of JSON; raises ConfigError for what cannot be read.

    Returns 1 for what is refused ({"refused": code}) and for a draft with faults.
    """
    if options.vote is None and options.action != "create":
        raise ConfigError(f"vote {options.action} needs --vote NUMBER")
    text = await asyncio.to_thread(_text, options, source) if options.input else ""
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            compound = await find_compound(session, options.compound)
            if compound is None:
                raise ConfigError(f"there is no compound {options.compound}")
            by = await _who(session, options)
            call = Call(
                session,
                open_sealer(settings),
                open_signer(settings),
                compound,
                options.vote or 0,
                by,
                options,
                text,
                now or utc_now(),
            )
            line = await ACTIONS[options.action](call)
            if by:
                _note_command(call, line)
    except NoVote:
        raise ConfigError(f"there is no vote {options.vote}") from None
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigError(f"vote {options.action}: {'; '.join(faults)}") from None
    except (StaffError, TemplateError, ProfileError) as error:
        raise ConfigError(str(error)) from None
    except MarkError as error:
        raise ConfigError(f"{error.question_id}: no such mark on the paper") from None
    except (Refused, NoRuling, PaperRefused, NoBallot, NotNamed) as error:
        line = {"refused": error.code.value}
    except RollError as error:
        line = {"refused": "roll.unready", "units": [asdict(problem) for problem in error.problems]}
    finally:
        await database.close()
    print(json.dumps(line, ensure_ascii=False), file=out)
    has_fault = any(finding["error"] for finding in line.get("findings", ()))
    return _REFUSED if "refused" in line or has_fault else 0


async def _who(session: AsyncSession, options: argparse.Namespace) -> int:
    """Whose doing it is; 0 where something is only looked at."""
    if options.action in LOOKS:
        return 0
    if not options.by:
        raise ConfigError(f"vote {options.action} needs --by USERNAME: the log says who did it")
    account = await get_staff_account(session, options.by)
    if account.disabled_at is not None:
        raise StaffError(f"{options.by} is disabled")
    return account.person_id


def _note_command(call: Call, line: Mapping[str, Any]) -> None:
    """Say that nobody signed in for it: who has a shell here may name any account."""
    assert call.compound.compound_id is not None
    add_audit_event(
        call.session,
        at=call.now,
        verb="vote.commanded",
        subject=f"vote:{line.get('vote', call.number)}",
        compound_id=call.compound.compound_id,
        actor_id=call.by,
        details={"action": call.options.action, "login": _login()},
    )


def _login() -> str:
    """Who the machine says is at the keyboard; a number where it has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _text(options: argparse.Namespace, source: TextIO) -> str:
    """The input; empty without one."""
    try:
        return source.read() if options.input == "-" else Path(options.input).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{options.input}: {error}") from None


async def _create(call: Call) -> dict[str, Any]:
    new = call.read(New)
    vote = await create_vote(
        call.session, call.compound, call.by, new.template, new.profile, call.now, new.values
    )
    return await show_vote(call.session, vote)


async def _edit(call: Call) -> dict[str, Any]:
    changes = call.read(Changes)
    vote = await edit_vote(call.session, call.compound, call.number, changes, call.now, actor_id=call.by)
    return await show_vote(call.session, vote)


async def _lint(call: Call) -> dict[str, Any]:
    at = (call.session, call.compound, call.number)
    if call.options.checked:
        await record_checked(*at, call.options.checked, call.now, actor_id=call.by)
    findings = await lint_vote(*at, call.now, actor_id=call.by)
    vote = await _found(call)
    return {"vote": call.number, "state": vote.state, "findings": [asdict(finding) for finding in findings]}


async def _notice(call: Call) -> dict[str, Any]:
    vote = await notice_vote(call.session, call.keys, call.compound, call.number, call.now, actor_id=call.by)
    return await show_vote(call.session, vote)


async def _show(call: Call) -> dict[str, Any]:
    return await show_vote(call.session, await _found(call))


async def _turnout(call: Call) -> dict[str, Any]:
    vote = await _found(call)
    turnout = await load_turnout(call.session, vote)
    if turnout.is_hidden:
        return {"vote": call.number, "state": vote.state, "hidden": True}
    buildings = [{"building": name, **part_line(part)} for name, part in turnout.by_building.items()]
    return {
        "vote": call.number,
        "state": vote.state,
        **part_line(turnout.whole),
        "buildings": buildings,
        "in_steps": turnout.in_steps,
    }


async def _close_check(call: Call) -> dict[str, Any]:
    vote = await _found(call)
    counts = await counts_of(call.session, vote)
    return {
        "vote": call.number,
        "state": vote.state,
        "closes_at": local_text(vote.closes_at),
        "closed": vote.closes_at is not None and call.now > vote.closes_at,
        "papers_open": counts.papers_open,
        "cases_open": counts.cases_open,
        "cases": [
            {"case": case.case_number, "kind": case.kind, "state": case.state, "question": case.question_id}
            for case in await list_cases(call.session, vote.compound_id, call.number)
        ],
    }


async def _tally(call: Call) -> dict[str, Any]:
    vote = await tally_vote(
        call.session, call.sealer, call.signer, call.compound, call.number, call.now, actor_id=call.by
    )
    return await show_vote(call.session, vote)


async def _rule(call: Call) -> dict[str, Any]:
    said = call.read(Decision)
    if call.options.case is None:
        raise ConfigError("vote rule needs --case NUMBER (close-check lists them)")
    marks = marks_of({name: mark for name, mark in said.decision.items() if mark is not None})
    case = await rule_on_case(
        call.session,
        call.sealer,
        call.compound,
        call.number,
        call.options.case,
        {**dict.fromkeys(said.decision), **marks},
        said.reason,
        call.now,
        decider_id=call.by,
    )
    return {"vote": call.number, "case": case.case_number, "state": case.state}


async def _publish(call: Call) -> dict[str, Any]:
    vote = await publish_vote(call.session, call.compound, call.number, call.now, actor_id=call.by)
    return await show_vote(call.session, vote)


async def _extend(call: Call) -> dict[str, Any]:
    vote = await extend_vote(call.session, call.compound, call.number, call.now, actor_id=call.by)
    return await show_vote(call.session, vote)


async def _revoke(call: Call) -> dict[str, Any]:
    reason = call.options.reason
    vote = await revoke_vote(call.session, call.compound, call.number, reason, call.now, actor_id=call.by)
    return await show_vote(call.session, vote)


async def _export(call: Call) -> dict[str, Any]:
    options = call.options
    if not options.out:
        raise ConfigError("vote export needs --out FILE")
    bundle = await export_vote(
        call.session,
        call.sealer,
        call.signer,
        call.compound,
        call.number,
        options.kind,
        call.now,
        actor_id=call.by,
    )
    data = write_bundle(bundle)
    try:
        await asyncio.to_thread(Path(options.out).write_bytes, data)
    except OSError as error:
        raise ConfigError(f"{options.out}: {error.strerror}") from None
    return {
        "vote": call.number,
        "kind": options.kind,
        "entries": len(bundle.log),
        "sha256": sha256(data).hexdigest(),
    }


async def _found(call: Call) -> Vote:
    assert call.compound.compound_id is not None
    vote = await find_vote(call.session, call.compound.compound_id, call.number)
    if vote is None:
        raise NoVote
    return vote


LOOKS = ("show", "turnout", "close-check")
ACTIONS: Mapping[str, Callable[[Call], Awaitable[dict[str, Any]]]] = {
    "create": _create,
    "edit": _edit,
    "lint": _lint,
    "notice": _notice,
    "show": _show,
    "turnout": _turnout,
    "close-check": _close_check,
    "tally": _tally,
    "rule": _rule,
    "official": official,
    "publish": _publish,
    "extend": _extend,
    "revoke": _revoke,
    "export": _export,
    **PAPER_ACTIONS,
    "officers": put_officers,
}
