"""`ml_client.online_endpoints`"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx

from modelyard.client.operations.provisioning import until_gone, until_provisioned
from modelyard.client.paging import ItemPaged
from modelyard.client.poller import LROPoller
from modelyard.client.scope import Scope
from modelyard.client.wire_errors import raise_for_error
from modelyard.domain.choices import AuthMode
from modelyard.domain.errors import InvalidInput, Unavailable, Unsupported
from modelyard.domain.online_endpoint import EndpointAuthKeys, EndpointAuthToken, OnlineEndpoint

_SCORING_TIMEOUT = httpx.Timeout(200.0, connect=5.0)


class OnlineEndpointOperations:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._resource = scope.named("online-endpoints")

    def begin_create_or_update(self, endpoint: OnlineEndpoint, *, local: bool = False) -> LROPoller[OnlineEndpoint]:
        """Create it or change its traffic, auth mode, tags. `local` is taken: every endpoint of a local server is."""
        name = str(endpoint.name)
        first = self._resource.put(name, endpoint.to_dict())
        return until_provisioned("endpoint", first, lambda: self._resource.get(name), OnlineEndpoint.from_stored)

    def follow(self, name: str) -> LROPoller[OnlineEndpoint]:
        """Wait for a change that was asked for elsewhere."""
        first = self._resource.get(name)
        return until_provisioned("endpoint", first, lambda: self._resource.get(name), OnlineEndpoint.from_stored)

    def begin_delete(self, name: str, *, local: bool = False) -> LROPoller[None]:
        """Remove it with its deployments."""
        self._resource.delete(name)
        return until_gone("endpoint", lambda: self._resource.get(name))

    def get(self, name: str, *, local: bool = False) -> OnlineEndpoint:
        return OnlineEndpoint.from_stored(self._resource.get(name))

    def list(self, *, local: bool = False) -> ItemPaged[OnlineEndpoint]:
        return self._resource.list().map(OnlineEndpoint.from_stored)

    def get_keys(self, name: str) -> EndpointAuthKeys | EndpointAuthToken:
        """Both keys of an endpoint with key auth, else a token that is valid for a while."""
        if OnlineEndpoint.from_stored(self._resource.get(name)).auth_mode is AuthMode.KEY:
            return EndpointAuthKeys.from_stored(self._scope.transport.get(self._resource.path(name, "keys")))
        return EndpointAuthToken.from_stored(self._scope.transport.request("POST", self._resource.path(name, "token")))

    def begin_regenerate_keys(self, name: str, *, key_type: str = "primary") -> LROPoller[None]:
        """Replace one key, `primary` or `secondary`. The old one stops working at once."""
        body = {"key_type": key_type.lower()}
        self._scope.transport.request("POST", self._resource.path(name, "regenerate-keys"), json=body)
        return LROPoller.finished(None)

    def invoke(
        self,
        endpoint_name: str,
        *,
        request_file: str | os.PathLike[str] | None = None,
        deployment_name: str | None = None,
        input_data: str | None = None,
        local: bool = False,
        **_: Any,
    ) -> str:
        """Score one request and return the answer's text. The body is that of a file, or a text."""
        endpoint = self.get(endpoint_name)
        if not endpoint.scoring_uri:
            raise Unavailable(f"Endpoint '{endpoint_name}' has no address yet.", mend="wait until it is Succeeded")
        headers = {"Authorization": f"Bearer {self._credential(endpoint_name)}", "Content-Type": "application/json"}
        if deployment_name:
            headers["azureml-model-deployment"] = deployment_name
        try:
            answer = httpx.post(
                endpoint.scoring_uri,
                content=_request_body(request_file, input_data),
                headers=headers,
                timeout=_SCORING_TIMEOUT,
            )
        except httpx.TransportError as error:
            raise Unavailable(
                f"The gateway at {endpoint.scoring_uri} does not answer: {error}.", mend="see `modelyard status`"
            ) from error
        raise_for_error(answer)
        return answer.text

    def _credential(self, name: str) -> str:
        keys = self.get_keys(name)
        found = keys.primary_key if isinstance(keys, EndpointAuthKeys) else keys.access_token
        if not found:
            raise Unsupported(f"Endpoint '{name}' gave no key.", field="auth_mode")
        return found


def _request_body(request_file: str | os.PathLike[str] | None, input_data: str | None) -> bytes:
    if (request_file is None) == (input_data is None):
        raise InvalidInput("Give the request as a file or as data.", field="request_file", mend="exactly one of both")
    if request_file is None:
        text = input_data if isinstance(input_data, str) else json.dumps(input_data)
        return text.encode()
    try:
        return Path(request_file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"'{request_file}' cannot be read: {error.strerror}.", field="request_file") from error
