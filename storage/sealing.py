"""Personal data at rest: AES-GCM with a ring of keys, and a keyed hash to look a value up without opening it.

The key never lies in the database or its backup. A sealed value is KEY_ID (1 byte length + name) + nonce (12) +
ciphertext; its context ("persons.name") is authenticated, so that a value cannot be moved to another column.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SealError(Exception):
    """A sealed value cannot be opened: its key is missing or it was altered."""


class Sealer:
    """Seals with the first key, opens with any. Keys are "NAME:BASE64" (32 bytes)."""

    def __init__(self, column_keys: Sequence[str], lookup_key: str) -> None:
        self._ring = {
            name: AESGCM(base64.b64decode(raw))
            for name, _, raw in (key.partition(":") for key in column_keys)
        }
        self._current = next(iter(self._ring))
        self._lookup_key = base64.b64decode(lookup_key)

    def seal(self, value: bytes, context: str) -> bytes:
        """Encrypt with the current key."""
        name, nonce = self._current.encode(), secrets.token_bytes(NONCE_BYTES)
        return (
            bytes([len(name)])
            + name
            + nonce
            + self._ring[self._current].encrypt(nonce, value, context.encode())
        )

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt; raises SealError."""
        end = 1 + sealed[0] if sealed else 1
        key = self._ring.get(sealed[1:end].decode("ascii", "replace"))
        if key is None:
            raise SealError(f"no key for a sealed value of {context}")
        try:
            return key.decrypt(sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :], context.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError(f"a sealed value of {context} was altered") from error

    def lookup(self, value: bytes, context: str) -> bytes:
        """32-byte keyed hash, equal for equal values of one context."""
        return hmac.digest(self._lookup_key, context.encode() + b"\0" + value, hashlib.sha256)
