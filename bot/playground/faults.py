"""Everything that can go wrong on the platform's side, as knobs."""

from dataclasses import dataclass, fields

ALWAYS = -1


@dataclass(slots=True)
class Faults:
    """Each count: 0 never, n the next n times, ALWAYS until set back. May be changed at any time.

    API calls (`api_path`, when set, limits them to paths that start with it):
    token_expired       answered 42001 although the token is good
    ip_not_whitelisted  answered 40164, by WeCom 60020
    busy                answered -1
    rate_limited        answered 45009, nothing taken (calls that need a token or a key)
    http_500            answered with an HTML page and status 500
    timeout_before      not looked at; the connection hangs until the platform stops
    timeout_after       carried out; the connection hangs before the answer
    Handing out pictures:
    media_expired       answered 40007 although three days are not over
    Telling who follows:
    no_union_id         without the unionid: the account is not bound to the open platform
    Sending customer service messages:
    out_of_window       answered 45015
    over_quota          answered 45047
    Callbacks:
    duplicate           delivered twice at the same time
    reorder             held back and delivered after the next one that is not held
    force_retry         delivered once more although it was answered; only the second answer counts
    Both:
    slow_seconds        delay before each callback (inside the cut-off time) and before each API call
    """

    token_expired: int = 0
    ip_not_whitelisted: int = 0
    busy: int = 0
    rate_limited: int = 0
    http_500: int = 0
    timeout_before: int = 0
    timeout_after: int = 0
    out_of_window: int = 0
    over_quota: int = 0
    media_expired: int = 0
    no_union_id: int = 0
    duplicate: int = 0
    reorder: int = 0
    force_retry: int = 0
    slow_seconds: float = 0.0
    api_path: str = ""

    def take(self, name: str) -> bool:
        """Whether this fault happens now; uses up one of a counted number."""
        count: int = getattr(self, name)
        if count > 0:
            setattr(self, name, count - 1)
        return count != 0

    def clear(self) -> None:
        """Put every knob back."""
        for field in fields(self):
            setattr(self, field.name, field.default)


COUNTED = tuple(field.name for field in fields(Faults) if field.type is int)
