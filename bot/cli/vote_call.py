"""One call of `./run vote`, as its actions see it."""

import argparse
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.config import ConfigError
from handlers.voting.rules import Code, Refused
from handlers.voting.signing import Signer
from storage.sealing import Sealer
from storage.tables import Compound

Entry = TypeVar("Entry", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command, inside its transaction."""

    session: AsyncSession
    sealer: Sealer
    keys: Signer | None
    compound: Compound
    number: int
    by: int
    options: argparse.Namespace
    text: str
    now: datetime

    @property
    def signer(self) -> Signer:
        """The signing key; raises Refused without one."""
        if self.keys is None:
            raise Refused(Code.NO_SIGNING_KEY)
        return self.keys

    def read(self, kind: type[Entry]) -> Entry:
        """The input; raises ConfigError without one."""
        if not self.options.input:
            raise ConfigError(f"vote {self.options.action} needs --input FILE (- for stdin)")
        return kind.model_validate_json(self.text)
