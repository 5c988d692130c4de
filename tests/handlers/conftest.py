import pytest

from handlers.context import Services
from handlers.learning.taggers import Taggers
from handlers.people.enrol import enrol_compound
from nlp.reader import Reader
from nlp.segment import warm
from storage.database import Database
from storage.sealing import Sealer
from tests.beginning import Beginning
from tests.handlers.survey_block import Block, found_block
from tests.handlers.talk import ACCOUNTS, NOW, Talk, compound


@pytest.fixture(scope="session")
def tagger() -> Reader:
    warm()  # as a server does before it works
    return Reader.load()


@pytest.fixture
def services(tagger: Reader, sealer: Sealer) -> Services:
    return Services(
        Taggers(tagger), sealer, raw_text_days=180, default_compounds={"east": "XH-1"}, accounts=ACCOUNTS
    )


@pytest.fixture(scope="session")
def enrolled(sealer: Sealer) -> Beginning[int]:
    """A city with one compound, 新禾苑."""
    return Beginning(lambda session: enrol_compound(session, sealer, compound(), NOW))


@pytest.fixture
async def talk(database: Database, services: Services, enrolled: Beginning[int]) -> Talk:
    """A conversation in that city."""
    await enrolled.lay(database)
    return Talk(database, services)


@pytest.fixture
async def block(talk: Talk) -> Block:
    """Five flats, each with somebody who named it, and a secretary who may ask."""
    return await found_block(talk)
