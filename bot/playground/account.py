"""The service account as its console shows it, and the people who may follow it."""

from dataclasses import dataclass
from typing import Literal

DataFormat = Literal["xml", "json"]
Mode = Literal["plain", "compatible", "safe"]


@dataclass(frozen=True, slots=True)
class Account:
    """What the platform's console shows the operator. `encoding_aes_key` has 43 characters."""

    app_id: str
    app_secret: str
    token: str
    encoding_aes_key: str
    gh_id: str


@dataclass(frozen=True, slots=True)
class Persona:
    """A resident of the sample compound. about: one line; scene: the code at their own door."""

    openid: str
    nickname: str
    about: str = ""
    scene: str = ""
