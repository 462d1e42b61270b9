"""Tokens: only their hash is kept; they expire, and are revoked at once."""

from datetime import timedelta

import pytest

from modelyard.domain.errors import NotFound
from modelyard.kit.paging import Page
from modelyard.store.records import TokenKind
from modelyard.store.repositories.tokens import hash_of

W = "default"


def create(yard, name="ann's laptop", kind=TokenKind.USER, **values):
    with yard.transaction() as tx:
        return tx.tokens.create(kind, name, actor="ann", role="admin", **values)


def find(yard, secret):
    with yard.snapshot() as tx:
        return tx.tokens.find(secret)


def test_a_token_is_found_by_its_secret_which_is_nowhere(yard):
    record, secret = create(yard)
    assert find(yard, secret) == record
    assert find(yard, secret + "x") is None
    with yard.snapshot() as tx:
        raw = str(tx.connection.exec_driver_sql("SELECT * FROM yard_tokens").all()) + str(tx.events.after(0))
        assert tx.tokens.find_hash(hash_of(secret)) == record
    assert secret not in raw
    assert secret.startswith(record.hint)


def test_a_secret_made_elsewhere_is_taken(yard):
    record, secret = create(yard, secret="made-elsewhere-and-long-enough")
    assert secret == "made-elsewhere-and-long-enough"
    assert find(yard, secret) == record


def test_a_token_ends_when_it_expires(yard, clock):
    _, secret = create(yard, expires_at=clock.now() + timedelta(hours=1))
    clock.advance(3599)
    assert find(yard, secret)
    clock.advance(1)
    assert find(yard, secret) is None


def test_a_revoked_token_is_worthless_and_gone_from_the_list(yard):
    record, secret = create(yard)
    other, _ = create(yard, "other")
    with yard.transaction() as tx:
        tx.tokens.revoke(record.id)
        with pytest.raises(NotFound):
            tx.tokens.revoke(record.id)
        assert [token.id for token in tx.tokens.list(Page())] == [other.id]
    assert find(yard, secret) is None


def test_a_job_s_tokens_end_with_it(yard):
    _, mine = create(yard, kind=TokenKind.JOB, workspace=W, job_name="one")
    _, its = create(yard, kind=TokenKind.JOB, workspace=W, job_name="two")
    with yard.transaction() as tx:
        assert tx.tokens.revoke_for_job(W, "one") == 1
    assert find(yard, mine) is None
    assert find(yard, its).job_name == "two"


def test_what_ended_long_ago_is_forgotten(yard, clock):
    create(yard, expires_at=clock.now())
    kept, _ = create(yard)
    clock.advance(100)
    with yard.transaction() as tx:
        assert tx.tokens.prune(clock.now()) == 1
        assert [token.id for token in tx.tokens.list(Page(), kind=TokenKind.USER, actor="ann")] == [kept.id]
