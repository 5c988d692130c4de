"""A corp as its console shows it, and the people that its groups are made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Corp:
    """A corp and its self-built app. `encoding_aes_key` has 43 characters."""

    corp_id: str
    agent_id: int
    secret: str
    token: str
    encoding_aes_key: str


@dataclass(frozen=True, slots=True)
class AiBot:
    """A 智能机器人 of the corp; it hears what mentions `@name` in internal groups."""

    aibot_id: str
    name: str
    token: str
    encoding_aes_key: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff."""

    userid: str
    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A resident as the corp knows them.

    openid: of this corp, it differs from the openid of a service account; unionid joins the two, when the corp
    has bound its WeChat developer account, and is empty otherwise.
    """

    external_userid: str
    name: str
    about: str = ""
    openid: str = ""
    unionid: str = ""
