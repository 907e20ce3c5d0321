"""The tables of the control database. ``migrations/`` makes them; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData()

organizations = Table(
    "organizations",
    metadata,
    Column("name", Text, primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("checksum", Text, nullable=False, server_default=""),
)

clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("organization", Text, ForeignKey("organizations.name"), nullable=False),
    Column("permissions", Text, nullable=False),  # separated by blanks, like an OAuth scope
    Column("secret_hash", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("checksum", Text, nullable=False, server_default=""),
    Index("clients_by_organization", "organization"),
)
"""A client's name is in `names`, like every other name."""

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.client_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("checksum", Text, nullable=False, server_default=""),
    Index("api_tokens_by_hash", "token_hash", unique=True),
    Index("api_tokens_by_client", "client_id"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("private_pem", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("retired_ms", BigInteger),
    Column("checksum", Text, nullable=False, server_default=""),
)

access_state = Table(
    "access_state",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("row_count", BigInteger, nullable=False),
    Column("checksum_sum", Text, nullable=False),
)
"""Of each table above: how many rows it has, and the sum of their checksums. Together with these it shows
rows that were changed, are missing or came back. Rows are written by `access_rows` only, and a migration that
changes the columns has to compute all of this again."""

access_changes = Table(
    "access_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("changes", BigInteger, nullable=False),
)
"""One row: how often the tables above were changed. A mark beside the database says the same."""

names = Table(
    "names",
    metadata,
    Column("organization", Text, primary_key=True),  # no foreign key: calls may name any organization
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("set_by_api", Boolean, nullable=False),
    Index("names_by_name", "organization", "kind", "name"),
    sqlite_with_rowid=False,
)

executions = Table(
    "executions",
    metadata,
    Column("execution_id", Text, primary_key=True),
    Column("organization", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("failure", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("expires_ms", BigInteger, nullable=False),
    Index("executions_by_asker", "organization", "asked_by", "state", "expires_ms"),
    Index("executions_by_expiry", "expires_ms"),
)

execution_pages = Table(
    "execution_pages",
    metadata,
    Column("execution_id", Text, ForeignKey("executions.execution_id"), primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # packed with zstd
)
"""The rows of an execution's answer, in pieces, so that a part can be read without the rest."""
