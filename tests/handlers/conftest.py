import pytest

from handlers.context import Services
from nlp.segment import warm
from nlp.tagger import Tagger
from storage.database import Database
from storage.sealing import Sealer
from tests.handlers.talk import ACCOUNTS, Talk, compound


@pytest.fixture(scope="session")
def tagger() -> Tagger:
    warm()  # as a server does before it works
    return Tagger.load()


@pytest.fixture
def services(tagger: Tagger, sealer: Sealer) -> Services:
    return Services(tagger, sealer, raw_text_days=180, default_compounds={"east": "XH-1"}, accounts=ACCOUNTS)


@pytest.fixture
async def talk(database: Database, services: Services) -> Talk:
    """A conversation in a city with one compound, 新禾苑."""
    talk = Talk(database, services)
    await talk.enrol(compound())
    return talk
