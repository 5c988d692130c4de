"""Nothing here may be reached from, or reach, another machine: secrets of the simulator are not secret."""

from ipaddress import ip_address

from aiohttp import web
from yarl import URL


class NotLoopback(ValueError):  # noqa: N818  reads as the fact it states
    """An address that is not this machine's own."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine; other names are not looked up and do not count."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback_url(url: str) -> str:
    """Give back a plain http address of this machine; raises NotLoopback for any other."""
    parsed = URL(url)  # the client's own reading of the address, so that both see the same host
    if parsed.scheme != "http" or not is_loopback(parsed.host or ""):
        raise NotLoopback(f"{url!r} is not an http address of this machine")
    return url


class LoopbackServer:
    """One aiohttp application on a loopback address."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self.base_url = ""

    async def start(self, host: str, port: int) -> str:
        """Listen (port 0 takes a free one) and return the address without a final slash; raises NotLoopback."""
        if not is_loopback(host):
            raise NotLoopback(f"{host!r} can be reached from other machines")
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.base_url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"
        return self.base_url

    async def stop(self) -> None:
        """Close the socket and the application."""
        await self._runner.cleanup()
