"""What is too old is forgotten, in batches; what is not is kept."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from modelyard.controllers.housekeeping import Housekeeping
from modelyard.services.housekeeping import Retention
from modelyard.store.database import Database
from modelyard.store.records import TokenKind
from modelyard.store.secrets import SecretBox
from modelyard.testing.manual_clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def database(database_url, clock):
    opened = Database(database_url, secrets=SecretBox(Fernet.generate_key()), clock=clock)
    yield opened
    opened.dispose()


def test_old_events_and_ended_tokens_go_and_the_rest_stays(database, clock, monkeypatch):
    monkeypatch.setattr("modelyard.controllers.housekeeping._BATCH", 3)
    with database.transaction() as tx:
        for number in range(5):
            tx.emit("modelyard.test.made", f"old-{number}", workspace=None)
        ended, _ = tx.tokens.create(TokenKind.JOB, "job", actor="job", role="job")
        tx.tokens.create(TokenKind.JOB, "long", actor="job", role="job")
        tx.tokens.revoke(ended.id)
    clock.advance(timedelta(days=40).total_seconds())
    with database.transaction() as tx:
        tx.emit("modelyard.test.made", "new", workspace=None)
    swept = []
    retention = Retention(events=timedelta(days=30), ended_tokens=timedelta(days=30))
    keeper = Housekeeping(database, retention, [lambda: swept.append(1)])
    waits = [keeper.step(), keeper.step(), keeper.step()]
    assert waits[0] is not None, "there is more: come back at once"
    assert waits[-1] is None
    assert swept
    with database.snapshot() as tx:
        assert [record.event.subject for record in tx.events.after(0)] == ["new"]
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM yard_tokens").scalar() == 1


def test_the_loop_starts_and_stops(database):
    keeper = Housekeeping(database)
    keeper.start()
    assert keeper.stop()
