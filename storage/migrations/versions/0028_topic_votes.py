"""A topic's record says that the owners' vote did not pass

Revision ID: 0028
Revises: 0027
"""

from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None

VERB = 'ck_topic_events_verb'
BEFORE = (
    *('proposed', 'advanced', 'skipped', 'went_back', 'finished', 'ended', 'task_done', 'document_added'),
    *('vote_required', 'vote_linked', 'decided', 'milestone_planned', 'milestone_done', 'elected'),
    *('representative_named', 'signed', 'refused', 'paper_entered', 'objected', 'answered', 'poll_started'),
    *('stated', 'reminded', 'overdue'),
)


def _allow(*verbs: str) -> None:
    listed = ', '.join(f"'{verb}'" for verb in verbs)
    with op.batch_alter_table('topic_events') as batch_op:
        batch_op.drop_constraint(batch_op.f(VERB), type_='check')
        batch_op.create_check_constraint(batch_op.f(VERB), f'verb IN ({listed})')


def upgrade() -> None:
    _allow(*BEFORE, 'vote_failed')


def downgrade() -> None:
    # The record has no gaps: what the older program does not know is still a line of the clock's.
    op.execute("UPDATE topic_events SET verb = 'reminded' WHERE verb = 'vote_failed'")
    _allow(*BEFORE)
