"""QR codes as drawings."""

from io import BytesIO

import segno

from bot.documents.clean import Svg


def qr_svg(content: str) -> Svg:
    """A QR code with a quiet zone, redundant enough for a sheet that hung in the rain (level M)."""
    out = BytesIO()
    segno.make_qr(content, error="m").save(
        out, kind="svg", xmldecl=False, svgclass=None, lineclass=None, border=2
    )
    return Svg(out.getvalue().decode())
