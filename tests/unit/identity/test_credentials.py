"""Azure's credential classes are taken as they are written in scripts."""

import pytest

from modelyard import identity


@pytest.mark.parametrize(
    "name", ["DefaultAzureCredential", "InteractiveBrowserCredential", "ManagedIdentityCredential"]
)
def test_credential_takes_azure_s_arguments_and_gives_our_token(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MODELYARD_SERVER_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MODELYARD_TOKEN", "our-token")
    credential = getattr(identity, name)(exclude_cli_credential=True, tenant_id="t", client_id="c")
    assert credential.get_token("https://management.azure.com/.default").token == "our-token"
