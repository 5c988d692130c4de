"""Use case: a person asks to be forgotten. Counts and tags stay, the person goes."""

from sqlmodel import select

from handlers.context import Context
from handlers.digests.forget import forget_words_of
from handlers.identity.leave import leave_all
from handlers.matters.recount import fold_voices_of, lock_matters_of
from handlers.people.forgotten import subject_of
from handlers.people.unquote import unquote, unquote_in_topics
from handlers.requests.forget import forget_requests_of
from handlers.texts import say
from handlers.visits.forget import forget_visits_about
from storage.audit import add_audit_event
from storage.outbox import forget_recipient
from storage.queries.bindings import list_units_bound
from storage.queries.companies import forget_statements_of
from storage.queries.consultations import forget_consultations_of
from storage.queries.forget import (
    close_staff_account,
    forget_browsers,
    forget_memberships,
    lock_opinions_with_words,
)
from storage.queries.hazards import forget_hazard_lists_of
from storage.queries.inbox import blank_failed_messages, blank_messages_of, end_unheard_messages
from storage.queries.opinions import blank_opinions_of
from storage.queries.people import forget_person
from storage.queries.photos import drop_photos_of_person
from storage.queries.points import forget_points_of
from storage.queries.polls import forget_answers_of
from storage.queries.survey_answers import forget_survey_answers_of, forget_survey_doors
from storage.queries.topics import forget_in_topics
from storage.tables import ChannelIdentity, Erasure
from storage.upsert import insert_ignore


async def erase_person(context: Context) -> int:
    """Forget the speaker on every channel; returns how many opinions lost their words.

    A keyed hash of each identity is kept, so that a restored backup can be made to forget again.
    """
    session, person_id = context.session, context.person_id
    # Whoever works on another message of this person holds the identity: wait for them, and see what they wrote.
    identities = (
        await session.exec(
            select(ChannelIdentity).where(ChannelIdentity.person_id == person_id).with_for_update()
        )
    ).all()
    for identity in identities:
        for account in context.services.accounts_of(identity.account):
            await end_unheard_messages(session, account, identity.external_id, context.inbox_id, context.now)
    # Before bindings end: afterwards nobody knows which homes they were. A home that they only named (绑定) may be
    # anybody's, and what staff wrote about who lives there is not theirs to take away.
    homes = await list_units_bound(session, person_id)
    bindings = await leave_all(session, context.services, person_id, context.now)
    await lock_matters_of(session, person_id)  # before any opinion: everybody locks in one order
    gone = say("opinions.words_gone")
    await unquote(session, await lock_opinions_with_words(session, person_id), gone)
    await unquote_in_topics(session, context.services.sealer, person_id, gone)
    await forget_words_of(session, person_id)
    await fold_voices_of(session, person_id)
    await forget_requests_of(session, person_id)
    await forget_statements_of(session, person_id)
    polls = await forget_answers_of(session, person_id)
    await forget_visits_about(session, context.services.sealer, homes, context.now)
    await forget_points_of(session, person_id)
    await forget_hazard_lists_of(session, person_id)
    proposals = await forget_consultations_of(session, person_id)
    await forget_in_topics(session, person_id)
    surveys = await forget_survey_answers_of(session, person_id)
    await forget_survey_doors(session, homes)
    photos = await drop_photos_of_person(session, person_id)
    opinions = await blank_opinions_of(session, person_id)
    await blank_messages_of(session, person_id)
    await forget_browsers(session, person_id)
    await close_staff_account(session, person_id, context.now)
    for identity in identities:
        subject = subject_of(context.services.sealer, identity.account, identity.external_id)
        forgotten = f"erased-{subject.hex()[:24]}"
        accounts = context.services.accounts_of(identity.account)
        await forget_memberships(session, accounts, identity.external_id)
        for account in accounts:
            await forget_recipient(session, account, identity.external_id, forgotten, context.now)
            await blank_failed_messages(session, account, identity.external_id)
        await insert_ignore(session, Erasure, {"subject_lookup": subject, "erased_at": context.now})
    context.batch.forget_home(person_id)
    await forget_person(session, person_id)
    add_audit_event(
        session,
        at=context.now,
        verb="person.erased",
        actor_id=person_id,
        subject=f"person:{person_id}",
        details={
            "opinions": opinions,
            "photos": photos,
            "polls": polls,
            "surveys": surveys,
            "proposals": proposals,
            "bindings": bindings,
        },
    )
    return opinions
