"""Signing in on a page by the platform's OAuth: the address to send a browser to, and what may come back.

Sources: developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html,
developer.work.weixin.qq.com/document/path/91022.
"""

import re
from typing import Literal
from urllib.parse import urlencode

from bot.channels.base import ChannelError, SendResult, Verdict
from bot.config import AUTHORIZE

Scope = Literal["snsapi_base", "snsapi_userinfo"]

_CODE = re.compile(r"[\x21-\x7e]{1,512}")
_BAD_CODE = SendResult(Verdict.REFUSED, None, "登录 code 无效，请重新进入页面")


def authorize_base_of(authorize_base: str, api_base: str, platform: str) -> str:
    """Where people sign in: as configured, else at the platform, else where the simulator is."""
    return (authorize_base or (AUTHORIZE if api_base.rstrip("/") == platform else api_base)).rstrip("/")


def authorize_url(
    base: str, app_id: str, redirect: str, scope: Scope, state: str, agent_id: int | None = None
) -> str:
    """The address of the platform's page. `state` comes back as it is: at most 128 letters and digits."""
    # In this order: the platform refuses others.
    query = {
        "appid": app_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": scope,
        "state": state,
    }
    if agent_id is not None:
        query["agentid"] = str(agent_id)
    return f"{base}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"


def check_code(code: str) -> None:
    """Raise ChannelError for what cannot be a code, before anybody is asked about it."""
    if not _CODE.fullmatch(code):
        raise ChannelError(_BAD_CODE)
