"""What the whole application serves, on every listener: nothing but what is listed, and every page behind its door."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Application
from bot.config import ChatArchiveSettings, load_settings
from bot.web.pages import ROUTES
from tests.bot.settings_files import filled_in
from tests.web.test_matrix import MATRIX

ALIVE = {("GET", "/healthz"), ("HEAD", "/healthz")}
ADMIN = ALIVE | {(method, path) for method in ("GET", "HEAD") for path in ("/readyz", "/metrics")}
# Who may call back is known by signature (tests/channels/test_hostile_callbacks.py), not by session.
CALLBACKS = {
    (method, f"/wechat/{account}/callback")
    for account in ("main", "corp", "helper")
    for method in ("GET", "HEAD", "POST")
}
FILES = {("GET", "/static/{name}")}  # the same for everybody: style and icon


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    """The application as `./run serve` has it, with an account of every kind that needs no file of keys."""
    path = tmp_path / "config.toml"
    text = await asyncio.to_thread(filled_in, f"sqlite:///{tmp_path}/yishi.db", every_kind=True)
    path.write_text(text, "utf-8")
    settings = await asyncio.to_thread(load_settings, path)
    accounts = {n: a for n, a in settings.channels.items() if not isinstance(a, ChatArchiveSettings)}
    free = settings.server.model_copy(update={"port": 0, "admin_port": 0})
    application = Application(settings.model_copy(update={"channels": accounts, "server": free}))
    await application.start()
    yield application
    await application.stop()


async def test_every_page_that_is_served_has_a_line_in_the_matrix(application: Application) -> None:
    public, admin = application.served
    pages = public - ALIVE - CALLBACKS - FILES
    assert pages == {(route.method, route.path) for route in ROUTES} == set(MATRIX)
    assert public >= ALIVE | CALLBACKS | FILES
    assert admin == ADMIN


async def test_each_account_that_is_called_back_has_its_address(application: Application) -> None:
    public, _admin = application.served
    named = {path.split("/")[2] for _method, path in public if path.startswith("/wechat/")}
    assert named == {"main", "corp", "helper"}  # a webhook only sends
