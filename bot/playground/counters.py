"""What the platform counted, for tests to assert on."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counters:
    """All counts since the start.

    api_calls:      by path, whatever came of them.
    errors:         error codes answered, by code.
    sends:          customer service messages taken, by openid (also those whose answer was withheld).
    token_fetches:  answered calls of both token endpoints, forced ones included.
    forced_refreshes: forced ones.
    escaped_bodies: request bodies with a JSON escape for a non-ASCII character. They are understood here; older
                    SDKs report that the platform once showed them to people literally, so raw UTF-8 is safer.
    callback_posts: callback requests sent, retries and duplicates included.
    deliveries:     messages and events handed to the callback address.
    """

    api_calls: Counter[str] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)
    sends: Counter[str] = field(default_factory=Counter)
    token_fetches: int = 0
    forced_refreshes: int = 0
    escaped_bodies: int = 0
    callback_posts: int = 0
    deliveries: int = 0
