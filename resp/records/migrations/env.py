"""What Alembic runs: the steps, on the connection that it is given, in its transaction."""

from alembic import context

from resp.records.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
