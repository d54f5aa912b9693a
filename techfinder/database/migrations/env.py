"""Runs the scripts on the connection that it is given; Alembic executes this file."""

from alembic import context

from techfinder.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
