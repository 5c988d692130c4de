"""What is signed about a vote's log, with Ed25519, and how anybody checks it. Pure.

A checkpoint says that the log had this many entries with this root at this time; a promise, that an entry will be in
it. Both are canonical JSON (RFC 8785) with a type in it, so that one can never be taken for the other.
"""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SEED_BYTES = 32


def key_id_of(public_key: bytes) -> str:
    """The fingerprint that notices and papers print: 16 hex digits of the key's SHA-256."""
    return sha256(public_key).hexdigest()[:16]


def utc_text(at: datetime) -> str:
    """A moment as evidence writes it, to the millisecond: 2026-05-01T04:00:00.000Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_the_millisecond(at: datetime) -> datetime:
    """A moment as evidence can hold it, so that the database and the evidence sort alike."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head. origin: the compound's code and the vote's number, "XH-1/3"."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return rfc8785.dumps(
            {
                "type": "yishi/checkpoint/1",
                "origin": self.origin,
                "size": self.size,
                "root": self.root.hex(),
                "time": utc_text(self.at),
            }
        )


@dataclass(frozen=True, slots=True)
class Promise:
    """That the entry with this leaf hash was taken in at this time, and will be in the log."""

    origin: str
    leaf: bytes
    at: datetime

    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return rfc8785.dumps(
            {
                "type": "yishi/promise/1",
                "origin": self.origin,
                "leaf": self.leaf.hex(),
                "time": utc_text(self.at),
            }
        )


class Signer:
    """The installation's signing key."""

    def __init__(self, seed: str) -> None:
        """Take the key's seed, 32 bytes in base64; raises ValueError for anything else."""
        try:
            raw = b64decode(seed, validate=True)
        except Error:
            raise ValueError("not base64") from None
        if len(raw) != SEED_BYTES:
            raise ValueError(f"{len(raw)} bytes, not {SEED_BYTES}")
        self._key = Ed25519PrivateKey.from_private_bytes(raw)
        self.public_key = self._key.public_key().public_bytes_raw()
        self.key_id = key_id_of(self.public_key)

    def sign(self, statement: Checkpoint | Promise) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(statement.signed_bytes())


def is_signed(statement: Checkpoint | Promise, signature: bytes, public_key: bytes) -> bool:
    """Whether this key signed this statement."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, statement.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True
