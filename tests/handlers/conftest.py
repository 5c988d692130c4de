import pytest

from handlers.context import Services
from handlers.learning.taggers import Taggers
from nlp.reader import Reader
from nlp.segment import warm
from storage.database import Database
from storage.sealing import Sealer
from tests.handlers.talk import ACCOUNTS, Talk, compound


@pytest.fixture(scope="session")
def tagger() -> Reader:
    warm()  # as a server does before it works
    return Reader.load()


@pytest.fixture
def services(tagger: Reader, sealer: Sealer) -> Services:
    return Services(
        Taggers(tagger), sealer, raw_text_days=180, default_compounds={"east": "XH-1"}, accounts=ACCOUNTS
    )


@pytest.fixture
async def talk(database: Database, services: Services) -> Talk:
    """A conversation in a city with one compound, 新禾苑."""
    talk = Talk(database, services)
    await talk.enrol(compound())
    return talk
