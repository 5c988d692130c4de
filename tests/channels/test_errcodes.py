import pytest

from bot.channels.base import SendResult, Verdict
from bot.channels.errcodes import OFFICIAL, UNLISTED, WECOM, ErrcodeTable, Remedy, load_errcodes


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
    assert OFFICIAL.result_of(errcode).verdict is verdict


@pytest.mark.parametrize(
    ("errcode", "official", "wecom"),
    [
        (40013, Verdict.ACCOUNT_BLOCKED, Verdict.ACCOUNT_BLOCKED),
        (40029, Verdict.REFUSED, Verdict.REFUSED),
        (40163, Verdict.REFUSED, Verdict.RETRY),
        (43004, Verdict.NO_WINDOW, Verdict.REFUSED),
        (43101, Verdict.NO_WINDOW, Verdict.RETRY),
        (48002, Verdict.NO_WINDOW, Verdict.ACCOUNT_BLOCKED),
        (50002, Verdict.REFUSED, Verdict.REFUSED),
        (60011, Verdict.RETRY, Verdict.REFUSED),
        (60020, Verdict.RETRY, Verdict.ACCOUNT_BLOCKED),
        (81013, Verdict.RETRY, Verdict.REFUSED),
        (93000, Verdict.RETRY, Verdict.ACCOUNT_BLOCKED),
    ],
)
def test_a_code_means_what_its_platform_says(errcode: int, official: Verdict, wecom: Verdict) -> None:
    assert (OFFICIAL.result_of(errcode).verdict, WECOM.result_of(errcode).verdict) == (official, wecom)


def test_a_member_can_always_be_written_to_so_no_code_of_wecom_closes_a_window() -> None:
    actions = {row.action for row in WECOM.rows.values()}
    assert not actions & {Verdict.NO_WINDOW, Verdict.QUOTA_USED, Verdict.SENT}


def test_the_detail_of_wecom_has_its_number_and_address() -> None:
    errmsg = "not allow to access from your ip, hint: [1617348920_74_3f2c], from ip: 203.0.113.9, more info at https://x"
    assert WECOM.result_of(60020, errmsg).detail == (
        f"{WECOM.rows[60020].hint}（IP 203.0.113.9，hint 1617348920_74_3f2c）"
    )


def test_the_three_stale_token_codes_ask_for_another_token() -> None:
    for table in (OFFICIAL, WECOM):
        assert {table.look_up(code).action for code in (40001, 40014, 42001)} == {Remedy.REFRESH_TOKEN}
        assert table.asks_for_new_token(42001)
        assert not any(table.asks_for_new_token(code) for code in (None, 0, -1, 40013, 99999))


def test_rate_limits_say_how_long_to_wait() -> None:
    def waits(table: ErrcodeTable) -> dict[int, float]:
        return {code: row.wait_seconds for code, row in table.rows.items() if row.action is Remedy.WAIT}

    assert waits(OFFICIAL) == {45009: 3600, 45011: 60}
    assert waits(WECOM) == {45009: 60, 45033: 5}


def test_a_code_that_is_not_listed_is_retried() -> None:
    assert OFFICIAL.look_up(99999) is UNLISTED
    result = OFFICIAL.result_of(99999)
    assert (result.verdict, result.errcode, result.wait_seconds) == (Verdict.RETRY, 99999, 60)


def test_the_detail_has_the_hint_the_rid_and_the_address_and_nothing_else_of_the_message() -> None:
    errmsg = "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist WORDS rid: 66f3bd4d-25a283a9-73c6a452"
    detail = OFFICIAL.result_of(40164, errmsg).detail
    assert detail == f"{OFFICIAL.rows[40164].hint}（IP 203.0.113.9，rid 66f3bd4d-25a283a9-73c6a452）"


def test_success_has_no_detail() -> None:
    assert OFFICIAL.result_of(0, "ok rid: 66f3bd4d-25a283a9-73c6a452") == SendResult(Verdict.SENT, 0)


ROW = '[1]\naction = "retry"\nmeaning = "x"\nhint = "提示"\n'


def test_the_smallest_row_loads() -> None:
    assert load_errcodes(ROW).look_up(1).verdict is Verdict.RETRY


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
