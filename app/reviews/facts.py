"""What a link of the chain says of a review (app/chain)."""

from app.chain.rules import Facts
from app.reviews.models import Review
from app.visits.facts import linked

REVIEWED = "reviewed"
"""The kind of links: a manager accepted a visit or asked, or its rep answered. Their subject is the review."""


def of_review(row: Review) -> Facts:
    """What was said about a visit."""
    return {
        "visit_id": row.visit_id, "rep_id": row.rep_id, "person_id": row.person_id, "at": row.at,
        "received_at": row.received_at, "kind": row.kind, "text": row.text,
    }  # fmt: skip


LINKED = linked(REVIEWED, Review.id, Review, of_review)
