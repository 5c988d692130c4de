"""Trained second stages: at most one is active, none means the shipped one."""

from sqlalchemy import update
from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import ModelState
from storage.tables import TagModel


async def find_active_version(session: AsyncSession) -> str | None:
    """The version that is switched on, None for the shipped one."""
    statement = select(TagModel.version).where(TagModel.state == ModelState.ACTIVE)
    return (await session.exec(statement)).first()


async def find_model(session: AsyncSession, version: str) -> TagModel | None:
    """A trained model with its weights."""
    return await session.get(TagModel, version)


async def list_models(session: AsyncSession) -> list[TagModel]:
    """All trained models, newest first, without their weights."""
    statement = (
        select(TagModel)
        .options(defer(TagModel.body))  # type: ignore[arg-type]
        .order_by(col(TagModel.trained_at).desc())
    )
    return list((await session.exec(statement)).all())


async def activate_model(session: AsyncSession, version: str | None) -> None:
    """Switch one model on and what was on before off; None: back to the shipped one."""
    # All rows, in one order: of two who switch at once the second waits, and finds what the first left.
    await session.exec(select(TagModel.version).order_by(TagModel.version).with_for_update())
    await session.exec(
        update(TagModel).where(col(TagModel.state) == ModelState.ACTIVE).values(state=ModelState.RETIRED)
    )
    if version is not None:
        await session.exec(
            update(TagModel).where(col(TagModel.version) == version).values(state=ModelState.ACTIVE)
        )
