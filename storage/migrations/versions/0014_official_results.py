"""Results of the government's platform, digests of attachments, who wrote an objection to the roll down

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('official_results',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('entered_by', _BIG, nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_by', _BIG, nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_official_results_compound_id_compounds')),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_official_results_compound_id_votes')),
    sa.ForeignKeyConstraint(['confirmed_by'], ['persons.person_id'], name=op.f('fk_official_results_confirmed_by_persons')),
    sa.ForeignKeyConstraint(['entered_by'], ['persons.person_id'], name=op.f('fk_official_results_entered_by_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', name=op.f('pk_official_results'))
    )
    with op.batch_alter_table('vote_documents') as batch_op:
        batch_op.add_column(sa.Column('digest', sa.String(length=64), server_default='', nullable=False))
    with op.batch_alter_table('roll_objections') as batch_op:
        batch_op.add_column(sa.Column('entered_by', _BIG, nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_roll_objections_entered_by_persons'), 'persons', ['entered_by'], ['person_id'])


def downgrade() -> None:
    with op.batch_alter_table('roll_objections') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_roll_objections_entered_by_persons'), type_='foreignkey')
        batch_op.drop_column('entered_by')
    with op.batch_alter_table('vote_documents') as batch_op:
        batch_op.drop_column('digest')
    op.drop_table('official_results')
