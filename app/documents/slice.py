"""Documents: an engine that prints what other slices plug in, in the worker, and shows the result."""

from app.documents import jobs, views
from app.web.slice import Slice

SLICE = Slice(name="documents", blueprints=(views.blueprint,), jobs=jobs.JOBS)
