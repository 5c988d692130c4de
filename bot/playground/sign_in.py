"""Web sign-in: who is at the phone, and the codes that tell a site (OAuth2 of the service account and of WeCom)."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.playground.errors import ApiError

CODE_LIFE = timedelta(minutes=5)
SCOPES = ("snsapi_base", "snsapi_userinfo", "snsapi_privateinfo")


@dataclass
class Grant:
    """That someone opened a site. person: openid for a service account, userid or external_userid for a corp."""

    app_id: str
    person: str
    scope: str
    at: datetime
    snapshot: bool = False
    used: bool = False


@dataclass
class SignInDesk:
    """Codes of all accounts.

    as_person: when set, whose phone it is, by account; the page that asks is skipped then.
    snapshots: people whose WeChat opens pages in snapshot mode (快照页), that is as a virtual account.
    """

    as_person: dict[str, str] = field(default_factory=dict)
    snapshots: set[str] = field(default_factory=set)
    _grants: dict[str, Grant] = field(default_factory=dict)

    def issue(self, app_id: str, person: str, scope: str, now: datetime, *, snapshot: bool = False) -> str:
        """Make a code."""
        code = secrets.token_urlsafe(24)
        virtual = snapshot or person in self.snapshots
        self._grants[code] = Grant(app_id, person, scope, now, virtual)
        return code

    def redeem(self, app_id: str, code: str, now: datetime) -> Grant:
        """Use a code up. Raises ApiError 40029 for one that is unknown, older than 5 minutes or of another account,
        40163 for one that was used."""
        grant = self._grants.get(code)
        if grant is None or grant.app_id != app_id or now - grant.at >= CODE_LIFE:
            raise ApiError(40029)
        if grant.used:
            raise ApiError(40163)
        grant.used = True
        return grant
