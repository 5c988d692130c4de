"""Roles remember what gave them

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

KEY = ['person_id', 'role', 'scope_code']

grants = sa.table(
    'role_grants',
    sa.column('grant_id', sa.BigInteger()),
    sa.column('person_id', sa.BigInteger()),
    sa.column('role', sa.String()),
    sa.column('scope_code', sa.String()),
    sa.column('title', sa.String()),
    sa.column('public', sa.Boolean()),
    sa.column('granted_at', sa.DateTime(timezone=True)),
    sa.column('ended_at', sa.DateTime(timezone=True)),
    sa.column('source', sa.String()),
)
events = sa.table('audit_events', sa.column('verb', sa.String()), sa.column('subject', sa.String()), sa.column('details', sa.JSON()))


def upgrade() -> None:
    with op.batch_alter_table('role_grants') as batch_op:
        batch_op.add_column(sa.Column('source', sa.String(length=32), nullable=True))
    op.execute("UPDATE role_grants SET source = 'import'")
    with op.batch_alter_table('role_grants') as batch_op:
        batch_op.alter_column('source', existing_type=sa.String(length=32), nullable=False)
        batch_op.create_check_constraint(batch_op.f('ck_role_grants_source'), "source IN ('import', 'staff')")
        batch_op.drop_constraint(batch_op.f('uq_role_grants_person_id_role_scope_code'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_role_grants_person_id_role_scope_code_source'), [*KEY, 'source'])
    remember_staff()


def remember_staff() -> None:
    """The log says which roles the staff command gave; all others came with a file.

    Only an import makes somebody public: such a role was given by both.
    """
    bind = op.get_bind()
    given = set()
    logged = sa.select(events.c.subject, events.c.details).where(events.c.verb.in_(('staff.added', 'staff.changed')))
    for subject, details in bind.execute(logged):
        given.add((int(subject.removeprefix('person:')), details['role'], details['scope']))
    for grant in bind.execute(sa.select(grants)).mappings().all():
        if (grant['person_id'], grant['role'], grant['scope_code']) not in given:
            continue
        if grant['public']:
            values = {**grant, 'public': False, 'source': 'staff'}
            del values['grant_id']
            bind.execute(sa.insert(grants).values(values))
        else:
            bind.execute(sa.update(grants).where(grants.c.grant_id == grant['grant_id']).values(source='staff'))


def downgrade() -> None:
    # One row must say what two did: the one that is in office, of two the older.
    op.execute(
        "DELETE FROM role_grants WHERE EXISTS (SELECT 1 FROM role_grants AS other "
        "WHERE other.person_id = role_grants.person_id AND other.role = role_grants.role "
        "AND other.scope_code = role_grants.scope_code AND other.grant_id <> role_grants.grant_id "
        "AND ((other.ended_at IS NULL AND role_grants.ended_at IS NOT NULL) "
        "OR ((other.ended_at IS NULL) = (role_grants.ended_at IS NULL) AND other.grant_id < role_grants.grant_id)))"
    )
    with op.batch_alter_table('role_grants') as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_role_grants_person_id_role_scope_code_source'), type_='unique')
        batch_op.drop_constraint(batch_op.f('ck_role_grants_source'), type_='check')
        batch_op.drop_column('source')
        batch_op.create_unique_constraint(batch_op.f('uq_role_grants_person_id_role_scope_code'), KEY)
