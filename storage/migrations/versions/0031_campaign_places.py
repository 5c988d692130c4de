"""Places of a campaign that staff found themselves, with photos before and after

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table(
        'campaign_places',
        sa.Column('compound_id', _BIG, nullable=False),
        sa.Column('number', _BIG, nullable=False),
        sa.Column('place_number', _BIG, nullable=False),
        sa.Column('building', sa.String(length=20), nullable=False),
        sa.Column('words', sa.String(length=200), nullable=False),
        sa.Column('before_address', sa.String(length=64), nullable=True),
        sa.Column('after_address', sa.String(length=64), nullable=True),
        sa.Column('done_on', sa.Date(), nullable=True),
        sa.Column('added_by', _BIG, nullable=False),
        sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['compound_id'], ['compounds.compound_id'], name=op.f('fk_campaign_places_compound_id_compounds')
        ),
        sa.ForeignKeyConstraint(
            ['compound_id', 'number'],
            ['campaigns.compound_id', 'campaigns.number'],
            name=op.f('fk_campaign_places_compound_id_number_campaigns'),
        ),
        sa.ForeignKeyConstraint(
            ['added_by'], ['persons.person_id'], name=op.f('fk_campaign_places_added_by_persons')
        ),
        sa.PrimaryKeyConstraint('compound_id', 'number', 'place_number', name=op.f('pk_campaign_places')),
    )


def downgrade() -> None:
    op.drop_table('campaign_places')
