"""A checksum in each row that says who may do what, the sum of them, and a count of changes."""

import sqlalchemy as sa
from alembic import op

from calltally.control.access_rows import row_checksum, table_state

revision = "0003"
down_revision = "0002"

_COLUMNS = {
    "organizations": ("name", "created_ms"),
    "clients": ("client_id", "organization", "permissions", "secret_hash", "created_ms", "revoked_ms"),
    "api_tokens": (
        "token_id",
        "client_id",
        "name",
        "token_hash",
        "created_ms",
        "expires_ms",
        "revoked_ms",
    ),
    "signing_keys": ("key_id", "private_pem", "created_ms", "retired_ms"),
}
"""What the tables have at this revision, the key first."""


def upgrade() -> None:
    state = op.create_table(
        "access_state",
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("checksum_sum", sa.Text, nullable=False),
    )
    changes = op.create_table(
        "access_changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    for name, columns in _COLUMNS.items():
        op.add_column(name, sa.Column("checksum", sa.Text, nullable=False, server_default=""))
        rows, checksums = sa.table(name, *map(sa.column, (*columns, "checksum"))), []
        for row in connection.execute(sa.select(*(rows.c[column] for column in columns))).all():
            checksums.append(row_checksum(name, list(row)))
            connection.execute(
                sa.update(rows).where(rows.c[columns[0]] == row[0]).values(checksum=checksums[-1])
            )
        count, total = table_state(checksums)
        connection.execute(sa.insert(state).values(table_name=name, row_count=count, checksum_sum=total))
    connection.execute(sa.insert(changes).values(id=1, changes=0))
