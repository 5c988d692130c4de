"""Who may act for an owner: capacities of bindings, codes that were voided, what two operators register

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

CAPACITY = 'ck_owner_bindings_capacity'


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    with op.batch_alter_table('owner_bindings') as batch_op:
        batch_op.add_column(sa.Column('capacity', sa.String(length=32), server_default='owner', nullable=False))
        batch_op.add_column(sa.Column('unit_code', sa.String(length=60), server_default='', nullable=False))
        batch_op.add_column(sa.Column('letter', sa.String(length=120), server_default='', nullable=False))
        batch_op.add_column(sa.Column('contested_by', _id(), nullable=True))
        batch_op.add_column(sa.Column('contested_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_check_constraint(batch_op.f(CAPACITY), "capacity IN ('owner', 'guardian', 'company')")
        batch_op.create_foreign_key(batch_op.f('fk_owner_bindings_contested_by_persons'), 'persons', ['contested_by'], ['person_id'])
    with op.batch_alter_table('unit_codes') as batch_op:
        batch_op.add_column(sa.Column('owner_number', _id(), nullable=True))
        batch_op.add_column(sa.Column('voided_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('owner_registrations',
    sa.Column('compound_id', _id(), nullable=False),
    sa.Column('number', _id(), nullable=False),
    sa.Column('kind', _enum('kind', 'representative', 'proxy', 'revocation', 'restoration'), nullable=False),
    sa.Column('state', _enum('state', 'entered', 'confirmed', 'ended'), nullable=False),
    sa.Column('owner_number', _id(), nullable=False),
    sa.Column('unit_code', sa.String(length=60), nullable=False),
    sa.Column('binding_number', _id(), nullable=True),
    sa.Column('vote_number', _id(), nullable=True),
    sa.Column('holder_id', _id(), nullable=True),
    sa.Column('holder_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('mark', sa.String(length=40), nullable=True),
    sa.Column('letter', sa.String(length=120), nullable=False),
    sa.Column('entered_by', _id(), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_by', _id(), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['compound_id', 'owner_number'], ['roll_owners.compound_id', 'roll_owners.owner_number'], name=op.f('fk_owner_registrations_compound_id_owner_number_roll_owners')),
    sa.ForeignKeyConstraint(['compound_id'], ['compounds.compound_id'], name=op.f('fk_owner_registrations_compound_id_compounds')),
    sa.ForeignKeyConstraint(['confirmed_by'], ['persons.person_id'], name=op.f('fk_owner_registrations_confirmed_by_persons')),
    sa.ForeignKeyConstraint(['entered_by'], ['persons.person_id'], name=op.f('fk_owner_registrations_entered_by_persons')),
    sa.ForeignKeyConstraint(['holder_id'], ['persons.person_id'], name=op.f('fk_owner_registrations_holder_id_persons')),
    sa.PrimaryKeyConstraint('compound_id', 'number', name=op.f('pk_owner_registrations'))
    )
    with op.batch_alter_table('owner_registrations') as batch_op:
        batch_op.create_index(batch_op.f('ix_owner_registrations_compound_id_state'), ['compound_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_owner_registrations_compound_id_vote_number_owner_number'), ['compound_id', 'vote_number', 'owner_number'], unique=False)
        batch_op.create_index('ix_owner_registrations_holder_id', ['holder_id'], unique=False)


def downgrade() -> None:
    op.drop_table('owner_registrations')
    with op.batch_alter_table('unit_codes') as batch_op:
        batch_op.drop_column('voided_at')
        batch_op.drop_column('owner_number')
    with op.batch_alter_table('owner_bindings') as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_owner_bindings_contested_by_persons'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f(CAPACITY), type_='check')
        for column in ('contested_at', 'contested_by', 'letter', 'unit_code', 'capacity'):
            batch_op.drop_column(column)
