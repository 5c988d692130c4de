"""Profiles and cards of compounds, grid cells, mediations

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _compound(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f(f'fk_{table}_compound_id_compounds'))


def _person(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ['persons.person_id'], name=op.f(f'fk_{table}_{column}_persons'))


def _index(table: str, column: str) -> None:
    with op.batch_alter_table(table) as batch_op:
        batch_op.create_index(f'ix_{table}_{column}', [column], unique=False)


def upgrade() -> None:
    op.create_table('compound_profiles',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('kind', _enum('kind', 'work_unit', 'commercial', 'unmanaged', 'urban_village'), nullable=True),
    sa.Column('convening', _enum('convening', 'owners_committee', 'property_committee', 'residents_committee'), nullable=True),
    sa.Column('property_company', sa.String(length=80), nullable=False),
    sa.Column('property_since', sa.Date(), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    _compound('compound_profiles'),
    sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_compound_profiles'))
    )
    op.create_table('card_entries',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('kind', _enum('kind', 'party', 'plan', 'leader', 'partner', 'volunteers'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('words', sa.String(length=500), nullable=False),
    sa.Column('holder_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('changed_by', _BIG, nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    _compound('card_entries'),
    _person('card_entries', 'changed_by'),
    sa.PrimaryKeyConstraint('compound_id', 'kind', name=op.f('pk_card_entries'))
    )
    _index('card_entries', 'changed_by')
    op.create_table('grid_cells',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('worker_id', _BIG, nullable=True),
    _compound('grid_cells'),
    _person('grid_cells', 'worker_id'),
    sa.PrimaryKeyConstraint('compound_id', 'code', name=op.f('pk_grid_cells'))
    )
    _index('grid_cells', 'worker_id')
    op.create_table('grid_places',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('place_code', sa.String(length=60), nullable=False),
    sa.Column('cell_code', sa.String(length=40), nullable=False),
    _compound('grid_places'),
    sa.ForeignKeyConstraint(
        ['compound_id', 'place_code'],
        ['places.compound_id', 'places.code'],
        name=op.f('fk_grid_places_compound_id_place_code_places'),
    ),
    sa.ForeignKeyConstraint(
        ['compound_id', 'cell_code'],
        ['grid_cells.compound_id', 'grid_cells.code'],
        name=op.f('fk_grid_places_compound_id_cell_code_grid_cells'),
    ),
    sa.PrimaryKeyConstraint('compound_id', 'place_code', name=op.f('pk_grid_places'))
    )
    with op.batch_alter_table('grid_places') as batch_op:
        batch_op.create_index('ix_grid_places_compound_id_cell_code', ['compound_id', 'cell_code'], unique=False)
    op.create_table('grid_uploads',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('uploaded_by', _BIG, nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    _compound('grid_uploads'),
    _person('grid_uploads', 'uploaded_by'),
    sa.PrimaryKeyConstraint('compound_id', name=op.f('pk_grid_uploads'))
    )
    _index('grid_uploads', 'uploaded_at')
    op.create_table('mediations',
    sa.Column('compound_id', _BIG, nullable=False),
    sa.Column('number', _BIG, nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('mediated_on', sa.Date(), nullable=False),
    sa.Column('outcome', _enum('outcome', 'agreed', 'not_agreed', 'referred'), nullable=False),
    sa.Column('mediators', sa.String(length=80), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by', _BIG, nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    _compound('mediations'),
    _person('mediations', 'recorded_by'),
    sa.ForeignKeyConstraint(
        ['compound_id', 'number', 'seq'],
        ['request_events.compound_id', 'request_events.number', 'request_events.seq'],
        name=op.f('fk_mediations_compound_id_number_seq_request_events'),
    ),
    sa.PrimaryKeyConstraint('compound_id', 'number', 'seq', name=op.f('pk_mediations'))
    )
    _index('mediations', 'recorded_at')


def downgrade() -> None:
    for table in ('mediations', 'grid_uploads', 'grid_places', 'grid_cells', 'card_entries', 'compound_profiles'):
        op.drop_table(table)
