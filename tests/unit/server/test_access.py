"""No route without a permission, no call without a token, no token beyond its workspace."""

from __future__ import annotations

import logging

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from modelyard.domain.permissions import ROLE_PERMISSIONS, Permission, Role, permitted
from modelyard.server.access import Allow
from modelyard.server.app import create_app
from modelyard.server.settings import Settings

from .conftest import Yard

OPEN = {"/health", "/login"}


def permissions_of(dependant: Dependant) -> list[Permission]:
    own = [dependant.call.permission] if isinstance(dependant.call, Allow) else []
    return own + [found for inner in dependant.dependencies for found in permissions_of(inner)]


def api_routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def test_every_route_names_exactly_one_permission() -> None:
    routes = api_routes(create_app(Settings()))
    assert len(routes) > 40
    wrong = [route.path for route in routes if route.path not in OPEN and len(permissions_of(route.dependant)) != 1]
    assert wrong == []


def test_only_the_known_routes_are_open() -> None:
    open_routes = {route.path for route in api_routes(create_app(Settings())) if not permissions_of(route.dependant)}
    assert open_routes <= OPEN


def test_every_route_refuses_a_call_without_a_token(yard: Yard) -> None:
    anonymous = TestClient(yard.client.app, raise_server_exceptions=False)
    for route in api_routes(yard.client.app):  # type: ignore[arg-type]
        if route.path in OPEN:
            continue
        for method in route.methods:
            answer = anonymous.request(method, route.path)
            assert answer.status_code == 401, f"{method} {route.path}: {answer.status_code}"


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer ", "Basic YTpi", "Bearer \u00ff", "nonsense", "Bearer a b"])
def test_a_wrong_token_is_refused(yard: Yard, value: str) -> None:
    answer = yard.client.get("/api/v1/info", headers={"Authorization": value.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_refused_token_never_reaches_the_log(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        yard.client.get("/api/v1/info", headers={"Authorization": "Bearer my-secret-token"})
    assert "my-secret-token" not in caplog.text


def test_health_is_open(yard: Yard) -> None:
    assert TestClient(yard.client.app).get("/health").json()["status"] == "ok"


def test_a_reader_reads_and_does_not_write(yard: Yard) -> None:
    reader = yard.as_role("reader")
    path = "/api/v1/workspaces/default/computes"
    assert yard.client.get(path, headers=reader).status_code == 200
    refused = yard.client.put(f"{path}/x", json={"type": "local"}, headers=reader)
    assert refused.status_code == 403
    assert "computes.write" in refused.json()["error"]["message"]


def test_a_token_of_a_job_stays_in_its_workspace(yard: Yard) -> None:
    yard.client.post("/api/v1/workspaces", json={"name": "elsewhere"})
    job = yard.as_role("job", workspace="default", job="a-job")
    assert yard.client.get("/api/v1/workspaces/default/data", headers=job).status_code == 200
    assert yard.client.get("/api/v1/workspaces/elsewhere/data", headers=job).status_code == 403
    assert yard.client.get("/api/v1/events?workspace=elsewhere", headers=job).status_code == 403
    seen = yard.client.get("/api/v1/events", params={"page_size": 1000}, headers=job).json()["value"]
    assert {event["workspace"] for event in seen} == {"default"}
    listed = yard.client.get("/api/v1/workspaces", headers=job).json()["value"]
    assert [workspace["name"] for workspace in listed] == ["default"]


def test_a_revoked_token_is_worthless_at_once(yard: Yard) -> None:
    made = yard.client.post("/api/v1/tokens", json={"name": "ci", "role": "reader"}).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert yard.client.get("/api/v1/info", headers=headers).json()["caller"]["role"] == "reader"
    assert yard.client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert yard.client.get("/api/v1/info", headers=headers).status_code == 401


def test_a_token_is_shown_once(yard: Yard) -> None:
    made = yard.client.post("/api/v1/tokens", json={"name": "once", "role": "reader"}).json()
    listed = yard.client.get("/api/v1/tokens").text
    assert "once" in listed
    assert made["token"] not in listed


def test_the_login_link_works_once(yard: Yard) -> None:
    code = yard.client.post("/api/v1/login-codes").json()["code"]
    browser = TestClient(yard.client.app, follow_redirects=False)
    assert browser.get("/api/v1/info", headers={"Authorization": f"Bearer {code}"}).status_code == 401
    answer = browser.get("/login", params={"code": code})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.get("/api/v1/info").json()["caller"]["role"] == "admin"
    assert browser.get(answer.headers["location"]).status_code == 200
    assert browser.get("/login", params={"code": code}).status_code == 401


def test_a_job_opens_no_session_that_would_outlive_it(yard: Yard) -> None:
    job = yard.as_role("job", workspace="default", job="short-lived")
    assert yard.client.post("/api/v1/login-codes", headers=job).status_code == 403


def test_a_write_by_cookie_must_come_from_our_pages(yard: Yard) -> None:
    code = yard.client.post("/api/v1/login-codes").json()["code"]
    browser = TestClient(yard.client.app, follow_redirects=False)
    browser.get("/login", params={"code": code})
    put = "/api/v1/workspaces/default/computes/by-cookie"
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.put(put, json={"type": "local"}, headers=headers).status_code == 403
    assert browser.put(put, json={"type": "local"}, headers={"Origin": "http://testserver"}).status_code == 200


def test_every_role_has_what_a_role_below_it_has() -> None:
    reads, all_of_them = ROLE_PERMISSIONS[Role.READER], ROLE_PERMISSIONS[Role.ADMIN]
    assert set(Role) == set(ROLE_PERMISSIONS)
    assert reads < ROLE_PERMISSIONS[Role.JOB] < all_of_them
    assert reads < ROLE_PERMISSIONS[Role.CONTRIBUTOR] < all_of_them
    assert all_of_them == set(Permission)
    assert not permitted(Role.JOB, Permission.ENDPOINTS_KEYS)
