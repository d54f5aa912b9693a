"""Whether everything that techfinder needs is there and in order, and what to do where it is not.

``examining``     findings, checks and how they are run: each alone, within a time limit
``installation``  Python, packages, plugins, settings, the home folder, the address to listen on
``storing``       the people: schema, store, encoder
``services``      the application database, jobs, signing in, clocks, MLflow

Nothing is changed by looking: no database is made or brought to another form, nothing is indexed.
"""

from techfinder.doctor.case import Case
from techfinder.doctor.checks import CHECKS
from techfinder.doctor.examining import Check, Finding, State, examine

__all__ = ["CHECKS", "Case", "Check", "Finding", "State", "examine"]
