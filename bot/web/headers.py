"""What every answer with a page carries: nothing of it runs, is framed, is kept or tells other sites where it was.

Only where a route says so may scripts run, ours.
"""

from collections.abc import Mapping

_POLICY = (
    "default-src 'self'; script-src {scripts}; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
POLICY = _POLICY.format(scripts="'none'")
# Where a page computes for its reader: files of ours, none within the page.
SCRIPTED = _POLICY.format(scripts="'self'")
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # "no-referrer" would take the origin away from our own forms, by which we know them.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
NOT_KEPT = "no-store"


def headers(is_https: bool) -> dict[str, str]:
    """The headers for a site that is, or is not, reached through TLS."""
    return {**HEADERS, **TRANSPORT} if is_https else dict(HEADERS)
