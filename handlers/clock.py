"""The cycles: what follows from the time and the tables alone, by name. Every replica's clock calls them all.

A call finds out for itself what is due and not done, so that it may come as often and as late as it likes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from handlers.consultations.clock import advance_consultations
from handlers.context import Services
from handlers.digests.cycle import advance
from handlers.digests.regions import advance_regions
from handlers.hazards.remind import advance_hazards
from handlers.identity.leave import end_sold
from handlers.oversight.month import advance_months
from handlers.oversight.review import advance_reviews
from handlers.oversight.warn import advance_warnings
from handlers.points.sweep import advance_points
from handlers.polls.close import advance_polls
from handlers.requests.clock import advance_requests
from handlers.surveys.clock import advance_surveys
from handlers.topics.after_vote import follow_votes
from handlers.topics.clock import advance_topics
from handlers.visits.remind import advance_visits
from handlers.visits.stewards import advance_stewards
from storage.database import Database

Cycle = Callable[[datetime], Awaitable[int]]


def cycles_of(database: Database, services: Services) -> dict[str, Cycle]:
    """Each cycle takes the time and returns how much it did. Warnings come after the digests that they count."""
    return {
        "consultations": partial(advance_consultations, database, services),
        "cycles": partial(advance, database, services),
        "region_weeks": partial(advance_regions, database, services),
        "polls": partial(advance_polls, database),
        "hazards": partial(advance_hazards, database, services),
        "visits": partial(advance_visits, database, services),
        "stewards": partial(advance_stewards, database, services),
        "points": partial(advance_points, database),
        "surveys": partial(advance_surveys, database, services),
        "topics": partial(advance_topics, database, services),
        "topic_votes": partial(follow_votes, database, services),
        "owners": partial(end_sold, database, services),
        "months": partial(advance_months, database, services),
        "reviews": partial(advance_reviews, database, services),
        "warnings": partial(advance_warnings, database, services),
        "requests": partial(advance_requests, database, services),
    }
