"""Endpoints and deployments: a spec that users change, a status that a controller moves, keys that rotate."""

import hashlib
from datetime import timedelta

import pytest

from modelyard.domain.errors import Conflict, IllegalTransition, NotFound, Unavailable
from modelyard.domain.statuses import ProvisioningState
from modelyard.store.database import Database
from modelyard.store.records import ProvisioningUpdate
from modelyard.store.repositories.endpoints import EndpointKeys

W = "default"
P = ProvisioningState


@pytest.fixture
def endpoint(yard):
    with yard.transaction("ann") as tx:
        return tx.endpoints.create(W, "score", spec={"x": 1}, traffic={"blue": 100})


@pytest.fixture
def deployment(yard, endpoint):
    with yard.transaction("ann") as tx:
        return tx.deployments.create(W, "score", "blue", spec={"model": "m:1"})


def lease(yard, what="deployments", owner="me"):
    with yard.transaction() as tx:
        (record,) = getattr(tx, what).lease_due(owner, tx.now, 10, 30)
    return record


def apply(yard, record, what="deployments", **values):
    with yard.transaction() as tx:
        return getattr(tx, what).apply(record, ProvisioningUpdate(**values))


def get(yard):
    with yard.snapshot() as tx:
        return tx.deployments.get(W, "score", "blue")


def event_types(yard):
    with yard.snapshot() as tx:
        return [record.event.type.removeprefix("modelyard.") for record in tx.events.after(1)]


def test_a_deployment_is_created_due_and_moved_by_its_leaseholder(yard, deployment):
    assert (deployment.status, deployment.spec_generation, deployment.observed_generation) == (P.CREATING, 1, 0)
    held = lease(yard)
    assert apply(yard, held, status=P.SUCCEEDED, state={"instances": ["a"]}, observed_generation=1)
    after = get(yard)
    assert (after.status, after.state, after.observed_generation) == (P.SUCCEEDED, {"instances": ["a"]}, 1)
    assert (after.lease_token, after.wake_at) == (None, None)
    assert not apply(yard, held, status=P.FAILED)
    assert event_types(yard) == ["endpoint.created", "deployment.created", "deployment.status_changed"]


def test_an_illegal_transition_writes_nothing(yard, deployment):
    held = lease(yard)
    with pytest.raises(IllegalTransition):
        apply(yard, held, status=P.DELETED, state={"x": 1})
    assert get(yard).state == {}


def test_a_spec_that_changes_under_the_lease_wins(yard, deployment, clock):
    held = lease(yard)
    with yard.transaction() as tx:
        tx.deployments.change(W, "score", "blue", spec={"model": "m:2"})
    later = clock.now() + timedelta(hours=1)
    assert apply(yard, held, status=P.SUCCEEDED, state={"instances": ["a"]}, observed_generation=1, wake_at=later)
    after = get(yard)
    assert after.spec == {"model": "m:2"}
    assert (after.spec_generation, after.observed_generation) == (2, 1)
    assert after.status is P.CREATING, "it has not succeeded with what it was asked last"
    assert after.state == {"instances": ["a"]}, "what was started is not forgotten"
    assert lease(yard).id == deployment.id, "due at once"


def test_a_change_of_a_settled_one_is_an_update(yard, deployment):
    apply(yard, lease(yard), status=P.SUCCEEDED, observed_generation=1)
    with yard.transaction() as tx:
        changed = tx.deployments.change(W, "score", "blue", spec={"model": "m:2"}, tags={"a": "1"})
    assert (changed.status, changed.spec_generation, changed.tags) == (P.UPDATING, 2, {"a": "1"})
    apply(yard, lease(yard), status=P.FAILED, error={"message": "no"}, observed_generation=2)
    assert get(yard).error == {"message": "no"}
    with yard.transaction() as tx:
        assert tx.deployments.change(W, "score", "blue", spec={}).status is P.UPDATING


def test_deleting_is_asked_once_and_cannot_be_changed_back(yard, deployment):
    held = lease(yard)
    with yard.transaction() as tx:
        asked = tx.deployments.request_delete(W, "score", "blue")
        assert asked.status is P.DELETING
        assert tx.deployments.request_delete(W, "score", "blue").spec_generation == asked.spec_generation
        with pytest.raises(Conflict, match="being deleted"):
            tx.deployments.change(W, "score", "blue", spec={})
    assert apply(yard, held, status=P.SUCCEEDED)
    assert get(yard).status is P.DELETING
    with yard.transaction() as tx:
        tx.instances.create(W, "score", "blue", "i1", generation=1, status="ready")
        tx.deployments.remove(tx.deployments.get(W, "score", "blue"))
        assert tx.instances.list() == []
    with yard.snapshot() as tx, pytest.raises(NotFound, match=r"no deployment 'blue'\. There are: none"):
        tx.deployments.get(W, "score", "blue")


def test_a_wake_up_in_the_future_never_delays(yard, deployment, clock):
    with yard.transaction() as tx:
        tx.deployments.wake_id(deployment.id, clock.now() + timedelta(minutes=5))
    held = lease(yard)
    apply(yard, held, status=P.SUCCEEDED)
    with yard.transaction() as tx:
        tx.deployments.wake_id(deployment.id, clock.now() + timedelta(minutes=5))
    with yard.transaction() as tx:
        assert tx.deployments.lease_due("me", tx.now, 1, 30) == []
        assert tx.deployments.wake_all() == 1
        assert tx.deployments.lease_due("me", tx.now, 1, 30)


def test_names_are_of_their_own_endpoint(yard, deployment):
    with yard.transaction() as tx:
        tx.endpoints.create(W, "other", spec={})
        tx.deployments.create(W, "other", "blue", spec={})
        with pytest.raises(NotFound):
            tx.deployments.get(W, "other", "green")
        assert [(d.endpoint, d.name) for d in tx.deployments.all()] == [("score", "blue"), ("other", "blue")]
        assert [d.name for d in tx.deployments.list(W, "score")] == ["blue"]
    with yard.transaction() as tx, pytest.raises(Conflict, match="has a deployment 'blue' already"):
        tx.deployments.create(W, "score", "blue", spec={})
    with yard.transaction() as tx, pytest.raises(NotFound):
        tx.deployments.create(W, "nowhere", "blue", spec={})


def test_an_endpoint_goes_with_its_deployments(yard, deployment):
    with yard.transaction() as tx:
        tx.endpoints.request_delete(W, "score")
        tx.endpoints.remove(tx.endpoints.get(W, "score"))
        assert list(tx.deployments.all()) == []
        assert tx.endpoints.names(W) == []


def test_traffic_is_a_change_of_the_spec(yard, endpoint):
    apply(yard, lease(yard, "endpoints"), "endpoints", status=P.SUCCEEDED, observed_generation=1)
    with yard.transaction() as tx:
        changed = tx.endpoints.change(W, "score", traffic={"blue": 90, "green": 10})
    assert (changed.traffic, changed.spec_generation, changed.status) == ({"blue": 90, "green": 10}, 2, P.UPDATING)


def test_keys_are_shown_again_and_kept_sealed(yard, endpoint):
    with yard.snapshot() as tx:
        keys = tx.endpoints.keys(W, "score")
        raw = str(tx.connection.exec_driver_sql("SELECT * FROM yard_endpoints").all())
    assert keys.primary != keys.secondary
    assert keys.primary not in raw
    assert keys.secondary not in raw
    assert endpoint.primary_key_hash == hashlib.sha256(keys.primary.encode()).hexdigest()


def test_one_key_is_replaced_and_the_other_goes_on(yard, endpoint):
    apply(yard, lease(yard, "endpoints"), "endpoints", status=P.SUCCEEDED)
    with yard.transaction() as tx:
        before = tx.endpoints.keys(W, "score")
        after = tx.endpoints.replace_key(W, "score", "primary")
        assert after.primary != before.primary
        assert after.secondary == before.secondary
        assert tx.endpoints.keys(W, "score") == after
        given = tx.endpoints.replace_key(W, "score", "secondary", "chosen")
        assert given == EndpointKeys(after.primary, "chosen")
    assert lease(yard, "endpoints").secondary_key_hash == hashlib.sha256(b"chosen").hexdigest()
    with yard.snapshot() as tx:
        assert "chosen" not in str(tx.events.after(0))


def test_without_a_secret_key_nothing_is_kept_in_the_clear(database_url):
    database = Database(database_url)
    with database.transaction() as tx:
        tx.workspaces.create(W)
    with pytest.raises(Unavailable, match="no secret key"), database.transaction() as tx:
        tx.endpoints.create(W, "score", spec={})
    database.dispose()
