"""What the longer commands take; apart from the commands, which import half the bot."""

import argparse

from storage.states import GroupKind, Role


def add_group_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run group."""
    parser.add_argument("action", choices=["register", "list", "told", "end"])
    parser.add_argument("what", nargs="?", default="", help="told, end: the room")
    parser.add_argument(
        "--room", default="", help="register: the platform's id of the group (roomid, chat_id)"
    )
    parser.add_argument("--name", default="", help="register: as people call it; 3栋业主群 is building 3's")
    parser.add_argument("--compound", default="", help="register: the compound's code")
    parser.add_argument(
        "--place", default="", help="register: building or entrance (default: what the name says)"
    )
    parser.add_argument(
        "--kind", choices=[kind.value for kind in GroupKind], default=GroupKind.CUSTOMER.value
    )
    parser.add_argument(
        "--account", default="", help="the account that hears it (default: the only one that can)"
    )
    parser.add_argument("--speaks-through", default="", help="register: the account that writes to it")
    parser.add_argument(
        "--owner", default="", help="register: userid of the member of staff who confirms messages"
    )
    parser.add_argument("--welcomes", action="store_true", help="register: newcomers are told when they join")


def add_staff_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run staff."""
    parser.add_argument("action", choices=["add", "disable", "link"])
    parser.add_argument("username")
    parser.add_argument("--name", help="add: as it is written on the door")
    parser.add_argument("--phone", help="add: with the name it says who it is")
    parser.add_argument("--role", choices=[role.value for role in Role])
    parser.add_argument(
        "--scope", help="add: code of a region or compound, or COMPOUND/PLACE (a building: XH-1/3)"
    )
    parser.add_argument("--title", help="add: the office as residents know it")
    parser.add_argument(
        "--member", help="add: ACCOUNT/USERID in WeCom, for signing in there and for messages"
    )
    parser.add_argument(
        "--ask-password",
        action="store_true",
        help="add: read the password from stdin (default: make one, print it)",
    )


def add_cycle_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run cycle."""
    parser.add_argument("action", choices=["show", "set"])
    parser.add_argument("--compound", required=True, metavar="CODE")
    for step in ("open", "prompt", "close"):
        parser.add_argument(f"--{step}", metavar='"mon 09:07"', help="set: day and time in Asia/Shanghai")
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument("--on", dest="enabled", action="store_true", default=None)
    switch.add_argument("--off", dest="enabled", action="store_false")


def add_rules_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run rules."""
    parser.add_argument("action", choices=["list", "set", "drop"])
    parser.add_argument("--compound", required=True, help="the compound's code")
    parser.add_argument("--category", default="*", help="a category, one leaf of it, or * for all (default)")
    parser.add_argument("--building", default="", help="one building (default: the whole compound)")
    parser.add_argument("--role", choices=[role.value for role in Role], help="set: whose it is")
    parser.add_argument(
        "--auto", action="store_true", help="set: dispatched at once, without anybody's decision"
    )


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run train."""
    parser.add_argument(
        "folders", nargs="*", help="without --config: with more conversations, beside the shipped ones"
    )
    parser.add_argument("--out", metavar="FILE", help="the model to write (default: the shipped one)")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--list", action="store_true", help="the trained models in the database")
    instead.add_argument(
        "--activate", metavar="VERSION", help='switch a trained model on; "shipped" goes back'
    )
    parser.add_argument("--force", action="store_true", help="activate: although its figures are worse")


def add_retag_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run retag."""
    parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    parser.add_argument("--lexicon", metavar="FILE", help="dry run: this taxonomy instead of the one in use")
    parser.add_argument("--model", metavar="FILE", help="dry run: this model instead of the one in use")
    parser.add_argument("--compound", metavar="CODE", help="of one compound (default: of all)")
    parser.add_argument("--since", metavar="DATE", help="filed since this day (default: ever)")
    parser.add_argument("--words", action="store_true", help="dry run: show some of the words, on stderr")


def add_roll_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run roll."""
    parser.add_argument("action", choices=["import"])
    parser.add_argument("file", help="an XLSX file")
    parser.add_argument("--compound", required=True, metavar="CODE")
    parser.add_argument("--dry-run", action="store_true", help="report what would change, write nothing")
    parser.add_argument("--replace", action="store_true", help="end the units that are not in the sheet")
    parser.add_argument("--sheet", default="", metavar="NAME", help="which sheet, when several have a header")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADER",
        help="where the header is not understood: owner=业主姓名, owner=C (a column's letter), phone= (none)",
    )
    parser.add_argument(
        "--developer",
        action="append",
        default=[],
        metavar="NAME",
        help="the developer's company, as in the sheet",
    )


def add_grid_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run grid."""
    parser.add_argument("action", choices=["import", "check"])
    parser.add_argument("file", nargs="?", default="", help="import: an XLSX file")
    parser.add_argument(
        "--compound",
        default="",
        metavar="CODE",
        help="import: the sheet is this one's (default: a column says whose)",
    )
    parser.add_argument(
        "--under", default="", metavar="REGION", help="import: where compounds that are new are put"
    )
    parser.add_argument("--dry-run", action="store_true", help="import: report, write nothing")


def add_vote_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run vote."""
    parser.add_argument(
        "action",
        choices=[
            *(
                "create",
                "edit",
                "lint",
                "notice",
                "show",
                "turnout",
                "close-check",
                "tally",
                "rule",
                "publish",
            ),
            *("extend", "revoke", "export", "papers", "receive", "enter", "official", "officers"),
        ],
    )
    parser.add_argument("--compound", required=True, metavar="CODE")
    parser.add_argument("--vote", type=int, metavar="NUMBER", help="which one; create prints it")
    parser.add_argument("--by", default="", metavar="USERNAME", help="the staff account that does it")
    parser.add_argument(
        "--input",
        default="",
        metavar="FILE",
        help="create, edit, rule, papers, receive, enter, officers: JSON; - is stdin",
    )
    parser.add_argument("--checked", nargs="+", metavar="KEY", help="lint: rules of the place you looked up")
    parser.add_argument("--case", type=int, metavar="NUMBER", help="rule: which case")
    parser.add_argument("--reason", default="", help="revoke: what the owners are told")
    parser.add_argument("--kind", choices=["public", "sealed"], default="public", help="export")
    parser.add_argument("--out", default="", metavar="FILE", help="export: the bundle to write")


def add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ./run verify, and of the single file it makes."""
    parser.add_argument("bundle", nargs="?", help="the file that was published, or that scrutineers got")
    parser.add_argument("--key", metavar="FINGERPRINT", help="of the key, as the notice or a paper prints it")
    parser.add_argument(
        "--witness", metavar="FILE", action="append", default=[], help="checkpoints somebody kept"
    )
    parser.add_argument(
        "--receipt",
        metavar="FILE",
        help="a receipt, or a line of the roll; with a bundle: that it is in its log",
    )
