"""Transfer: an engine that takes in the tables people bring; what becomes of a row is said by who plugs in."""

from app.transfer import jobs
from app.web.slice import Slice

SLICE = Slice(name="transfer", jobs=jobs.JOBS)
