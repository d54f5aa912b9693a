"""A techfinder as one file, and back.

``archive``      the file: a tar in zstd, written and read as a stream
``about``        what stands at its beginning and end: what it holds, and the digest of each member
``people``       the live generation in it, and becoming live again
``application``  the application database in it, as SQLite, whatever it came from
``home_files``   the settings without secrets, the schema, and what else of the home folder is no cache
``making``       all of it into a file; ``restoring`` out of it, checked whole before anything changes
``journal``      what a restore that was broken off has left to do

Importing this package imports nothing heavy.
"""
