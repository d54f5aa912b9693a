"""The embedded store: Qdrant Edge in processes of its own.

``store``          the ``Store`` contract: collections as folders of generations
``collection``     reads one, through a process; ``writer`` builds its next generation
``generations``    the folders: sealed builds, the live one, locks
``shard``          the only module that talks to the engine; runs in processes of its own
``process``        the program of those processes; ``serve``, ``build`` and ``inspection`` are their jobs
``channel``        how they are started, called and ended
"""
