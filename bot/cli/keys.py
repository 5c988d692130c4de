"""./run keys: fresh keys for personal data at rest, and one that signs votes."""

import base64
import secrets


def fresh_key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def fresh_security_table() -> str:
    """The [security] table of a configuration, with keys nobody else has."""
    return (
        f'[security]\ncolumn_keys = ["k1:{fresh_key()}"]\nlookup_key = "{fresh_key()}"\n'
        f'signing_key = "{fresh_key()}"\n'
    )
