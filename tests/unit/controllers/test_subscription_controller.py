"""Events are told at least once and in order per subject, whatever the receiver does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from modelyard.controllers.subscriptions import SubscriptionController, pause_seconds
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.kinds.subscription import Subscription
from modelyard.kit.paging import Page
from modelyard.services.outgoing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Outgoing, signature
from modelyard.services.subscriptions import Subscriptions
from modelyard.store.database import Database
from modelyard.store.secrets import SecretBox
from modelyard.testing.fake_compute import FakeBackend
from modelyard.testing.manual_clock import ManualClock

from .yard import Yard

Answerer = Callable[[dict[str, Any]], int]


class Receiver:
    """A real HTTP server that answers as a test says and keeps what it accepted."""

    def __init__(self) -> None:
        self.answer: Answerer = lambda event: 200
        self.accepted: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(json.loads(body), body, dict(self.headers)))
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def take(self, event: dict[str, Any], body: bytes, headers: dict[str, str]) -> int:
        with self._lock:
            self.tried.append(event)
            self.headers.append(headers)
            self.bodies.append(body)
            code = self.answer(event)
            if code < 300:
                self.accepted.append(event)
            return code

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class EventYard:
    def __init__(self, database: Database, clock: ManualClock, home: Path, receiver: Receiver) -> None:
        self.database = database
        self.clock = clock
        self.receiver = receiver
        self.yard = Yard.make(database, home, FakeBackend())
        self.subscriptions = Subscriptions(self.yard.jobs, Outgoing(allow_private=True))
        self.controllers = [SubscriptionController(database, self.subscriptions) for _ in range(2)]

    def put(self, **fields: Any) -> Subscription:
        body: dict[str, Any] = {"name": "told", "filter": {"types": ["test.*"]}, "target": {"url": self.receiver.url}}
        with self.database.transaction(actor="ada") as tx:
            return self.subscriptions.put(tx, "default", Subscription.from_dict({**body, **fields}))

    def happen(self, *subjects: str, type: str = "test.done", **data: Any) -> None:
        for subject in subjects:
            with self.database.transaction(actor="ada") as tx:
                tx.emit(type, subject, workspace="default", data=data)

    def step(self, rounds: int = 1) -> None:
        """Two servers on one database; each round the next attempts fall due."""
        for _ in range(rounds):
            for controller in self.controllers:
                controller.step()
            self.clock.advance(3600)

    def get(self) -> Subscription:
        with self.database.snapshot() as tx:
            return self.subscriptions.get(tx, "default", "told")

    def deliveries(self, phase: str | None = None) -> list[Any]:
        with self.database.snapshot() as tx:
            return list(self.subscriptions.history(tx, "default", "told", Page(500), phase).items)[::-1]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def yard(database_url: str, tmp_path: Path, receiver: Receiver) -> Iterator[EventYard]:
    clock = ManualClock(datetime(2026, 5, 4, tzinfo=UTC))
    database = Database(database_url, clock=clock, secrets=SecretBox(Fernet.generate_key()))
    yield EventYard(database, clock, tmp_path, receiver)
    database.dispose()


def test_what_passes_the_filter_is_told_once_as_a_cloud_event(yard: EventYard) -> None:
    yard.happen("jobs/before")
    yard.put()
    yard.happen("jobs/a", to="Completed")
    yard.happen("jobs/b", type="other.done")
    yard.step(2)
    (event,) = yard.receiver.accepted
    assert event["specversion"] == "1.0"
    assert event["subject"] == "jobs/a"
    assert event["source"] == "/workspaces/default"
    assert event["data"] == {"to": "Completed"}
    assert yard.get().waiting == 0


def test_a_receiver_that_fails_half_the_time_gets_all_in_order(yard: EventYard) -> None:
    yard.put()
    failures = {"left": True}

    def every_second(event: dict[str, Any]) -> int:
        failures["left"] = not failures["left"]
        return 503 if failures["left"] else 200

    yard.receiver.answer = every_second
    for number in range(12):
        yard.happen("jobs/a", "jobs/b", number=number)
    yard.step(40)
    for subject in ("jobs/a", "jobs/b"):
        mine = [event["data"]["number"] for event in yard.receiver.accepted if event["subject"] == subject]
        assert list(dict.fromkeys(mine)) == list(range(12))
    assert yard.get().waiting == 0


def test_an_event_that_never_arrives_is_set_aside_and_the_next_goes(yard: EventYard) -> None:
    yard.put(max_attempts=3)
    yard.receiver.answer = lambda event: 500 if event["data"]["number"] == 1 else 200
    for number in range(3):
        yard.happen("jobs/a", number=number)
    yard.step(6)
    assert [event["data"]["number"] for event in yard.receiver.accepted] == [0, 2]
    (dead,) = yard.deliveries("dead")
    assert (dead.attempts, dead.code) == (3, 500)
    assert "500" in dead.reason
    assert len(yard.receiver.tried) == 5


def test_a_receiver_that_is_away_is_found_again(yard: EventYard) -> None:
    yard.put(target={"url": "http://127.0.0.1:9/"})
    yard.happen("jobs/a")
    yard.step()
    assert "ConnectError" in yard.deliveries("waiting")[0].reason
    yard.put()
    yard.step()
    assert len(yard.receiver.accepted) == 1


def test_deliveries_are_signed_and_the_secret_is_never_shown(yard: EventYard) -> None:
    made = yard.put(target={"url": yard.receiver.url, "secret": "hush"})
    assert "hush" not in json.dumps(made.to_dict())
    yard.put()  # without a secret: the one that is there stays
    yard.happen("jobs/a")
    yard.step()
    headers = {name.lower(): value for name, value in yard.receiver.headers[0].items()}
    wanted = signature("hush", headers[TIMESTAMP_HEADER.lower()], yard.receiver.bodies[0])
    assert headers[SIGNATURE_HEADER.lower()] == wanted
    assert headers["content-type"] == "application/cloudevents+json"


def test_a_pause_keeps_and_a_replay_repeats(yard: EventYard) -> None:
    made = yard.put()
    with yard.database.transaction() as tx:
        yard.subscriptions.set_enabled(tx, "default", "told", enabled=False)
    yard.happen("jobs/a", number=1)
    yard.step()
    assert not yard.receiver.tried
    with yard.database.transaction() as tx:
        yard.subscriptions.set_enabled(tx, "default", "told", enabled=True)
    yard.step()
    assert len(yard.receiver.accepted) == 1
    with yard.database.transaction() as tx:
        yard.subscriptions.replay(tx, "default", "told", int(made.cursor or 0))
    yard.step()
    assert [event["data"] for event in yard.receiver.accepted] == [{"number": 1}, {"number": 1}]


def test_an_event_starts_one_job(yard: EventYard) -> None:
    job = {
        "command": "echo ${{inputs.what}}",
        "inputs": {"what": "${{event.name}}"},
        "tags": {"by": "${{event.data.who}}"},
    }
    yard.put(target={"type": "job", "create_job": job})
    yard.happen("data/rows", who="ada")
    yard.step(3)
    with yard.database.snapshot() as tx:
        (made,) = yard.yard.jobs.list_page(tx, "default", Page(10)).items
    assert made.inputs["what"] == "rows"
    assert made.tags["by"] == "ada"
    assert made.properties["modelyard.subscription"] == "told"


def test_a_job_that_is_refused_is_set_aside(yard: EventYard) -> None:
    yard.put(target={"type": "job", "create_job": {"command": "date", "compute": "nowhere"}}, max_attempts=1)
    yard.happen("data/rows")
    yard.step()
    assert "nowhere" in yard.deliveries("dead")[0].reason


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"target": {"url": "ftp://host/"}}, "target.url"),
        ({"target": {"url": "http://user:word@host/"}}, "target.url"),
        ({"target": {"type": "job", "create_job": {"command": "echo ${{inputs.x}}"}}}, "command"),
        ({"target": {"type": "job", "create_job": "azureml:gone"}}, "target.create_job"),
    ],
)
def test_what_is_wrong_is_refused(yard: EventYard, fields: dict[str, Any], field: str) -> None:
    with pytest.raises((InvalidInput, NotFound)) as caught:
        yard.put(**fields)
    assert field in str(caught.value.field)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.1.2.3", "169.254.169.254", "[::1]", "0.0.0.0"])
def test_private_addresses_are_not_called(host: str) -> None:
    target = Subscription.from_dict({"name": "s", "target": {"url": f"http://{host}/"}}).target
    with pytest.raises(InvalidInput, match="private"):
        Outgoing().check(target)  # type: ignore[arg-type]
    answer = Outgoing().tell(target.to_dict(), None, {"id": "1", "type": "t", "subject": "s", "data": {}})
    assert not answer.delivered


def test_pauses_grow_and_are_bounded() -> None:
    pauses = [pause_seconds(attempt) for attempt in range(1, 40)]
    assert pauses[0] <= 1
    assert 3 < pauses[2] <= 4
    assert max(pauses) <= 3600
