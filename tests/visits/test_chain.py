"""The chain of a rep: appended to by each action, never forked, and every change of it is found."""

import threading

from flask import Flask
from sqlalchemy import select

from app.infra.db import db, transact
from app.kernel.ids import new_id
from app.visits.chain import BEGIN, append, hash_of
from app.visits.models import ChainLink
from tests.conftest import NOW, Cast


def links(rep_id: object) -> list[ChainLink]:
    db.session.rollback()
    return list(db.session.scalars(select(ChainLink).where(ChainLink.rep_id == rep_id).order_by(ChainLink.number)))


def test_each_link_holds_the_hash_of_the_one_before(cast: Cast) -> None:
    for number in range(3):
        facts = {"n": number, "name": "外滩"}
        transact(lambda facts=facts: append(cast.rita.id, "noted", new_id(), facts, NOW))
        transact(lambda: append(cast.ren.id, "noted", new_id(), {}, NOW))
    before = BEGIN
    for number, link in enumerate(links(cast.rita.id), 1):
        assert (link.number, link.before) == (number, before)
        assert link.hash == hash_of(
            link.rep_id, link.number, link.at, link.kind, link.subject_id, link.facts, link.before
        )
        before = link.hash
    assert len(links(cast.ren.id)) == 3


def test_posts_of_one_rep_at_once_do_not_fork_it(app: Flask, cast: Cast) -> None:
    errors = []

    def post() -> None:
        try:
            with app.app_context():
                for _ in range(5):
                    transact(lambda: append(cast.rita.id, "noted", new_id(), {}, NOW))
                db.session.remove()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = links(cast.rita.id)
    assert [link.number for link in found] == list(range(1, 31))
    assert [link.before for link in found] == [BEGIN, *(link.hash for link in found[:-1])]
