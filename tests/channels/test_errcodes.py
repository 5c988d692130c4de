import pytest

from bot.channels.base import SendResult, Verdict
from bot.channels.errcodes import ERRCODES, UNLISTED, Remedy, load_errcodes, look_up, result_of


@pytest.mark.parametrize(
    ("errcode", "verdict"),
    [
        (0, Verdict.SENT),
        (-1, Verdict.RETRY),
        (40001, Verdict.RETRY),
        (40003, Verdict.REFUSED),
        (40013, Verdict.ACCOUNT_BLOCKED),
        (40125, Verdict.ACCOUNT_BLOCKED),
        (40164, Verdict.ACCOUNT_BLOCKED),
        (43004, Verdict.NO_WINDOW),
        (43019, Verdict.REFUSED),
        (45009, Verdict.RETRY),
        (45011, Verdict.RETRY),
        (45015, Verdict.NO_WINDOW),
        (45047, Verdict.QUOTA_USED),
        (45065, Verdict.SENT),
        (48001, Verdict.ACCOUNT_BLOCKED),
    ],
)
def test_what_a_code_comes_to(errcode: int, verdict: Verdict) -> None:
    assert result_of(errcode).verdict is verdict


def test_the_three_stale_token_codes_ask_for_another_token() -> None:
    assert {look_up(code).action for code in (40001, 40014, 42001)} == {Remedy.REFRESH_TOKEN}


def test_rate_limits_say_how_long_to_wait() -> None:
    waits = {code: row.wait_seconds for code, row in ERRCODES.items() if row.action is Remedy.WAIT}
    assert waits == {45009: 3600, 45011: 60}


def test_a_code_that_is_not_listed_is_retried() -> None:
    assert look_up(99999) is UNLISTED
    result = result_of(99999)
    assert (result.verdict, result.errcode, result.wait_seconds) == (Verdict.RETRY, 99999, 60)


def test_the_detail_has_the_hint_the_rid_and_the_address_and_nothing_else_of_the_message() -> None:
    errmsg = "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist WORDS rid: 66f3bd4d-25a283a9-73c6a452"
    detail = result_of(40164, errmsg).detail
    assert detail == f"{ERRCODES[40164].hint}（IP 203.0.113.9，rid 66f3bd4d-25a283a9-73c6a452）"


def test_success_has_no_detail() -> None:
    assert result_of(0, "ok rid: 66f3bd4d-25a283a9-73c6a452") == SendResult(Verdict.SENT, 0)


ROW = '[1]\naction = "retry"\nmeaning = "x"\nhint = "提示"\n'


def test_the_smallest_row_loads() -> None:
    assert load_errcodes(ROW)[1].verdict is Verdict.RETRY


@pytest.mark.parametrize(
    "toml",
    [
        ROW.replace("[1]", "[one]"),
        ROW.replace('"retry"', '"give_up"'),
        ROW.replace('"retry"', '"wait"'),
        ROW.replace('"x"', '""'),
        ROW.replace('"x"', '"含中文"'),
        ROW.replace('"提示"', '"两\\n行"'),
        ROW.replace('"提示"', '""'),
        ROW.replace('hint = "提示"', ""),
        ROW + 'surprise = "x"\n',
        ROW + "wait_seconds = -1\n",
        ROW.replace('"retry"', '"refused"') + "wait_seconds = 5\n",
        "not toml",
    ],
)
def test_a_row_that_breaks_the_schema_does_not_load(toml: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_errcodes(toml)
