"""Documents of votes that could not be made; whose blob it is, found by its address

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
_SCANNED = sa.text('scan_address IS NOT NULL')


def upgrade() -> None:
    op.create_table('vote_document_faults',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('vote_number', _BIG, nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('detail', sa.String(length=20), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_vote_document_faults_compound_id_compounds')),
    sa.ForeignKeyConstraint(['compound_id', 'vote_number'], ['votes.compound_id', 'votes.vote_number'], name=op.f('fk_vote_document_faults_compound_id_votes')),
    sa.PrimaryKeyConstraint('compound_id', 'vote_number', 'kind', name=op.f('pk_vote_document_faults'))
    )
    op.create_index(op.f('ix_vote_documents_compound_id_address'), 'vote_documents', ['compound_id', 'address'])
    op.create_index('ix_ballot_papers_scan', 'ballot_papers', ['compound_id', 'scan_address'], sqlite_where=_SCANNED, postgresql_where=_SCANNED)


def downgrade() -> None:
    op.drop_index('ix_ballot_papers_scan', table_name='ballot_papers', sqlite_where=_SCANNED, postgresql_where=_SCANNED)
    op.drop_index(op.f('ix_vote_documents_compound_id_address'), table_name='vote_documents')
    op.drop_table('vote_document_faults')
