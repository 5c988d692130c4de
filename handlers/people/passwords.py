"""Passwords of staff: argon2id with the parameters of RFC 9106 for machines with little memory."""

import base64
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST = 10
LONGEST = 200

# Letters and digits that nobody mixes up on paper.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def _like_a_hash() -> str:
    costs = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (_HASHER.salt_len, _HASHER.hash_len)
    )
    return f"$argon2id$v=19${costs}${salt}${digest}"


# What an unknown username is checked against, so that it takes as long as a known one. It is the hash of nothing.
NOBODY = _like_a_hash()


def hash_password(password: str) -> str:
    """The text to keep. Takes 0.1 s and 64 MiB: call it in a thread."""
    return _HASHER.hash(_spelled(password))


def is_password(password_hash: str, password: str) -> bool:
    """Whether it is the password; takes as long as `hash_password`. An empty hash fits no password."""
    try:
        return _HASHER.verify(password_hash or NOBODY, _spelled(password)) and bool(password_hash)
    except (Argon2Error, InvalidHashError):
        return False


def fresh_password() -> str:
    """Sixteen signs in groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def _spelled(password: str) -> str:
    # Two keyboards may compose the same sign differently.
    return unicodedata.normalize("NFC", password[:LONGEST])
