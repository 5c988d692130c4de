"""The command line: which commands there are. Each is imported only when it is called."""

import argparse
import asyncio
import io
import sys
from collections.abc import Sequence

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from bot.cli.arguments import (
    add_cycle_arguments,
    add_grid_arguments,
    add_group_arguments,
    add_retag_arguments,
    add_roll_arguments,
    add_rules_arguments,
    add_staff_arguments,
    add_train_arguments,
    add_verify_arguments,
    add_vote_arguments,
)
from bot.config import ConfigError, Settings, config_path, load_settings
from storage.database import DatabaseError

FAILED = 1
BAD_USAGE = 2


class UsageError(Exception):
    """One clear line for stderr; exit code 2."""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale says
            stream.reconfigure(encoding="utf-8")
    parser = _parser()
    # argparse would take pytest's options for its own.
    is_test = arguments[:1] == ["test"]
    options = parser.parse_args(arguments[:1] if is_test else arguments)
    if is_test:
        options.pytest = arguments[1:]
    try:
        return int(options.command(options))
    except (ConfigError, UsageError) as error:
        print(f"yishi: {error}", file=sys.stderr)
        return BAD_USAGE
    except (DatabaseError, CommandError) as error:
        print(f"yishi: {error}", file=sys.stderr)
        return FAILED
    except SQLAlchemyError as error:
        # Its text would quote the statement with its values.
        print(
            f"yishi: the database refused: {type(error).__name__} (./run doctor says more)", file=sys.stderr
        )
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run", description="Yishi (议事)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, text: str, command: object) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--config", metavar="FILE", help="default: ./config.toml, else $YISHI_CONFIG")
        sub.set_defaults(command=command)
        return sub

    demo = add("demo", "a sample compound in a simulated WeChat", _demo)
    demo.add_argument("--once", action="store_true", help="play the story, print it, and end")
    demo.add_argument("--port", type=_port, default=8765, help="of the playground page (default 8765)")
    add("serve", "run the bot", _serve)
    tag = add("tag", "tag JSON Lines of {id, text}", _tag)
    tag.add_argument("file", nargs="?", default="-")
    tag.add_argument("--explain", action="store_true", help="add hits, verdict and lexicon version")
    tally = add("tally", "work out votes that are written down as scenarios", _tally)
    tally.add_argument("file", help='JSON: {"scenarios": [...]}')
    verify = add("verify", "recompute a vote from its evidence: no database, no network", _verify)
    add_verify_arguments(verify)
    verify.add_argument("--zipapp", metavar="FILE", help="write a single file that verifies anywhere")
    add_vote_arguments(add("vote", "owners' votes for scripts, JSON in and out", _vote))
    add("doctor", "what works, what does not, and the next step", _doctor)
    database = add("db", "the database: upgrade, downgrade, check", _db)
    database.add_argument("action", choices=["upgrade", "downgrade", "check"])
    database.add_argument("--revision", help="where to (default: newest for upgrade; needed for downgrade)")
    compound = add("compound", "bring in a compound and its places; make its QR codes", _compound)
    compound.add_argument("action", choices=["import", "qr"])
    compound.add_argument("what", help="import: a TOML file; qr: the compound's code")
    compound.add_argument("--account", help="qr: the channel account (default: the only one)")
    group = add("group", "which chat groups are heard, and whose they are", _group)
    add_group_arguments(group)
    staff = add("staff", "who may sign in to the console: add, disable, link", _staff)
    add_staff_arguments(staff)
    add_cycle_arguments(add("cycle", "when a compound's week opens, prompts and closes", _cycle))
    add_rules_arguments(add("rules", "whose requests are: list, set, drop", _rules))
    add_roll_arguments(add("roll", "bring in a compound's owners and units from a sheet", _roll))
    add_grid_arguments(add("grid", "buildings, flats and grid cells from a sheet; cells that are odd", _grid))
    add("keys", "print fresh keys for config.toml", _keys)
    test = add("test", "the whole test suite; arguments go to pytest", _test)
    test.add_argument("pytest", nargs=argparse.REMAINDER)
    mutants = add(
        "mutants", "whether the tests notice mistakes in the count of a vote, as JSON Lines", _mutants
    )
    mutants.add_argument("words", nargs="*", help="only those whose name has one of these")
    add("check", "lint, types, architecture, locks", _check)
    bench = add("bench", "benchmarks beside a reference, as JSON Lines", _bench)
    bench.add_argument("--quick", action="store_true")
    bench.add_argument("names", nargs="*")
    add_train_arguments(add("train", "train the second stage of the tagger, switch it on", _train))
    add_retag_arguments(add("retag", "read stored opinions again, after a change of the tagger", _retag))
    evaluate = add("eval", "how well messages are read, on labelled files, as JSON Lines", _eval)
    evaluate.add_argument(
        "files", nargs="*", help="default: the shipped conversations nothing was trained on"
    )
    add("lock", "write the hashed locks anew", _lock)
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def settings_of(options: argparse.Namespace) -> Settings:
    """The configuration this command was given; raises ConfigError."""
    path = config_path(options.config)
    if path is None:
        raise ConfigError("no configuration: give --config FILE (start from config.example.toml)")
    return load_settings(path)


def _demo(options: argparse.Namespace) -> int:
    if options.config:
        raise UsageError("the demo makes its own settings; --config is not for it")
    from bot.cli.demo import run

    return asyncio.run(run(once=options.once, port=options.port))


def _serve(options: argparse.Namespace) -> int:
    from bot.cli.serve import run

    return asyncio.run(run(settings_of(options)))


def _tag(options: argparse.Namespace) -> int:
    from bot.cli.tag import run

    return run(options.file, sys.stdout, sys.stderr, sys.stdin, explain=options.explain)


def _tally(options: argparse.Namespace) -> int:
    from bot.cli.tally import run

    return run(options.file, sys.stdout, sys.stderr)


def _verify(options: argparse.Namespace) -> int:
    if bool(options.zipapp) == bool(options.bundle or options.receipt):
        raise UsageError("verify needs a bundle, --receipt FILE, or --zipapp FILE")
    if options.zipapp:
        from bot.cli.verifier import write_verifier

        return write_verifier(options.zipapp, sys.stderr)
    from bot.cli.verify import run

    return run(options.bundle, options.key, options.witness, sys.stdout, sys.stderr, options.receipt)


def _train(options: argparse.Namespace) -> int:
    if options.config is None and not (options.list or options.activate):
        from bot.cli.train import run

        return run(options.folders, options.out)
    if options.folders or options.out:
        raise UsageError(
            "with --config the model goes into the database; folders and --out are for the shipped one"
        )
    from bot.cli.learn import activate, learn, list_trained
    from bot.telemetry import configure_logs

    settings = settings_of(options)
    configure_logs(settings.log.level)
    if options.list:
        return asyncio.run(list_trained(settings))
    if options.activate:
        return asyncio.run(activate(settings, options.activate, force=options.force))
    return asyncio.run(learn(settings))


def _retag(options: argparse.Namespace) -> int:
    from bot.cli.retag import run
    from bot.telemetry import configure_logs

    settings = settings_of(options)
    configure_logs(settings.log.level)
    return asyncio.run(
        run(
            settings,
            lexicon=options.lexicon,
            model=options.model,
            compound=options.compound,
            since=options.since,
            dry_run=options.dry_run,
            words=options.words,
        )
    )


def _eval(options: argparse.Namespace) -> int:
    from bot.cli.evaluate import run

    return run(options.files)


def _doctor(options: argparse.Namespace) -> int:
    from bot.cli.doctor import run

    return asyncio.run(run(settings_of(options), sys.stdout))


def _db(options: argparse.Namespace) -> int:
    from bot.cli.db import run

    if options.action == "downgrade" and not options.revision:
        raise UsageError('db downgrade needs --revision ("base" removes everything)')
    return asyncio.run(run(settings_of(options), options.action, options.revision))


def _compound(options: argparse.Namespace) -> int:
    from bot.cli.compound import import_file, print_qr_codes

    settings = settings_of(options)
    if options.action == "import":
        return asyncio.run(import_file(settings, options.what))
    return asyncio.run(print_qr_codes(settings, options.what, options.account))


def _group(options: argparse.Namespace) -> int:
    from bot.cli.group import run

    return asyncio.run(run(settings_of(options), options))


def _staff(options: argparse.Namespace) -> int:
    from bot.cli.staff import run

    return asyncio.run(run(settings_of(options), options))


def _cycle(options: argparse.Namespace) -> int:
    from bot.cli.cycle import run

    changes = {name: getattr(options, name) for name in ("open", "prompt", "close")}
    return asyncio.run(run(settings_of(options), options.action, options.compound, changes, options.enabled))


def _rules(options: argparse.Namespace) -> int:
    from bot.cli.rules import run

    return asyncio.run(run(settings_of(options), options))


def _roll(options: argparse.Namespace) -> int:
    from bot.cli.roll import run

    return asyncio.run(run(settings_of(options), options))


def _grid(options: argparse.Namespace) -> int:
    from bot.cli.grid import run

    return asyncio.run(run(settings_of(options), options))


def _vote(options: argparse.Namespace) -> int:
    from bot.cli.vote import run

    return asyncio.run(run(settings_of(options), options))


def _keys(_options: argparse.Namespace) -> int:
    from bot.cli.keys import fresh_security_table

    print(fresh_security_table(), end="")
    return 0


def _test(options: argparse.Namespace) -> int:
    from bot.cli.develop import run_tests

    return run_tests(options.pytest)


def _mutants(options: argparse.Namespace) -> int:
    from bot.cli.mutants import run

    return run(options.words, sys.stdout, sys.stderr)


def _check(_options: argparse.Namespace) -> int:
    from bot.cli.develop import run_checks

    return run_checks()


def _bench(options: argparse.Namespace) -> int:
    from bot.cli.develop import run_benchmarks

    return run_benchmarks(options.names, quick=options.quick)


def _lock(_options: argparse.Namespace) -> int:
    from bot.cli.develop import write_locks

    return write_locks()
