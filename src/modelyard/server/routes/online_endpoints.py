"""Online endpoints, their keys and tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from modelyard.domain.online_endpoint import OnlineEndpoint
from modelyard.kit.signed_tokens import signing_key
from modelyard.server.access import Access, allow
from modelyard.server.documents import JsonObject, gives, gives_page, takes
from modelyard.server.pages import PageQuery, TagQuery, TextQuery, page_body, tag_filter
from modelyard.server.routing import make_router, with_name
from modelyard.services import online_endpoints, workspaces

router = make_router("online endpoints")
Reader = Annotated[Access, Depends(allow("endpoints.read"))]
Writer = Annotated[Access, Depends(allow("endpoints.write"))]
KeyHolder = Annotated[Access, Depends(allow("endpoints.keys"))]
_ALL = "/workspaces/{workspace}/online-endpoints"
_ONE = _ALL + "/{name}"
_GIVES = gives("online-endpoint")


class KeyRequest(BaseModel):
    """Which key is to be replaced, and by what; a new one is made when none is given."""

    model_config = ConfigDict(extra="forbid")

    key_type: Literal["primary", "secondary"] = "primary"
    key_value: str | None = None


@router.get(_ALL, responses=gives_page("online-endpoint"))
def list_online_endpoints(
    workspace: str, access: Reader, page: PageQuery, q: TextQuery = None, tag: TagQuery = None
) -> dict[str, Any]:
    """Endpoints by name."""
    url = access.state.settings.gateway_url
    with access.read() as tx:
        workspaces.get(tx, workspace)
        found = online_endpoints.list_page(tx, workspace, page, url, text=q, tags=tag_filter(tag))
        return page_body(found, OnlineEndpoint.to_dict)


@router.get(_ONE, responses=_GIVES)
def show_online_endpoint(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """An endpoint, with its address and how far its provisioning is."""
    with access.read() as tx:
        workspaces.get(tx, workspace)
        return online_endpoints.get(tx, workspace, name, access.state.settings.gateway_url).to_dict()


@router.put(_ONE, status_code=201, responses=_GIVES, openapi_extra=takes("online-endpoint"))
def put_online_endpoint(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Create it, or change what it was; traffic that is left out stays. `provisioning_state` says when it is done."""
    entity = OnlineEndpoint.from_dict(with_name(body, name))
    with access.write() as tx:
        found = online_endpoints.put(tx, workspace, entity, access.state.settings.gateway_url)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.patch(_ONE, responses=_GIVES)
def edit_online_endpoint(workspace: str, name: str, body: JsonObject, access: Writer) -> dict[str, Any]:
    """Change some of traffic, mirror_traffic, tags, description, properties, auth_mode."""
    with access.write() as tx:
        found = online_endpoints.edit(tx, workspace, name, body, access.state.settings.gateway_url)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.delete(_ONE, status_code=202)
def delete_online_endpoint(workspace: str, name: str, access: Writer) -> dict[str, Any]:
    """Drain and remove it with all of its deployments; it is gone when it is not found any more."""
    with access.write() as tx:
        found = online_endpoints.delete(tx, workspace, name, access.state.settings.gateway_url)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.get(_ONE + "/keys")
def show_online_endpoint_keys(workspace: str, name: str, access: KeyHolder) -> dict[str, Any]:
    """Both keys of an endpoint with key auth."""
    with access.read() as tx:
        return online_endpoints.keys(tx, workspace, name).to_dict()


@router.post(_ONE + "/regenerate-keys")
def regenerate_online_endpoint_key(workspace: str, name: str, body: KeyRequest, access: KeyHolder) -> dict[str, Any]:
    """A new key in place of one of the two. The old one is refused from within a moment on."""
    with access.write() as tx:
        found = online_endpoints.regenerate_key(tx, workspace, name, body.key_type, body.key_value)
        tx.after_commit(access.state.endpoints_changed)
    return found.to_dict()


@router.post(_ONE + "/token")
def issue_online_endpoint_token(workspace: str, name: str, access: KeyHolder) -> dict[str, Any]:
    """A token for an endpoint with aml_token or aad_token auth."""
    path = access.state.home / online_endpoints.TOKEN_KEY_FILE
    with access.read() as tx:
        return online_endpoints.token(tx, workspace, name, lambda: signing_key(path)).to_dict()
