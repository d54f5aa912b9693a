"""Work that is done in the background, and outlives the process that asked for it.

``queue``    jobs in the application database: leases with a fence, one running job for each collection
``worker``   takes jobs and does them

A lease table of our own, and no library: the queue must work the same on SQLite and PostgreSQL, a worker that was
frozen and wakes up must not write any more (its fence is old), and the database itself must allow one writer for
each collection. That is four statements and one partial index.
"""

from techfinder.jobs.models import Job, JobLine, Lease

__all__ = ["Job", "JobLine", "Lease"]
