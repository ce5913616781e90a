"""The table of contents: every slice of the house, lowest first."""

from app.accounts import slice as accounts
from app.beats import slice as beats
from app.catalogue import slice as catalogue
from app.contracts import slice as contracts
from app.coverage import slice as coverage
from app.dashboards import slice as dashboards
from app.documents import slice as documents
from app.identity import slice as identity
from app.planning import slice as planning
from app.proposals import slice as proposals
from app.questions import slice as questions
from app.reviews import slice as reviews
from app.sales import slice as sales
from app.sync import slice as sync
from app.territories import slice as territories
from app.transfer import slice as transfer
from app.visitmap import slice as visitmap
from app.visits import slice as visits
from app.web.slice import Slice

SLICES: tuple[Slice, ...] = (
    identity.SLICE,
    documents.SLICE,
    dashboards.SLICE,
    transfer.SLICE,
    sync.SLICE,
    accounts.SLICE,
    catalogue.SLICE,
    territories.SLICE,
    visits.SLICE,
    reviews.SLICE,
    visitmap.SLICE,
    planning.SLICE,
    coverage.SLICE,
    questions.SLICE,
    sales.SLICE,
    contracts.SLICE,
    proposals.SLICE,
    beats.SLICE,
)
