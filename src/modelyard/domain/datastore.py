"""Datastores: where files are kept."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from modelyard.domain.entity import Entity, Part, read_only
from modelyard.domain.families import member_of


class DatastoreCredentials(Part):
    """Secrets of a datastore: encrypted at rest, never shown again."""

    account_key: str | None = Field(default=None, repr=False)
    sas_token: str | None = Field(default=None, repr=False)
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = Field(default=None, repr=False)
    authority_url: str | None = None
    resource_url: str | None = None
    certificate: str | None = Field(default=None, repr=False)
    thumbprint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = Field(default=None, repr=False)
    session_token: str | None = Field(default=None, repr=False)
    service_account_key: str | None = Field(default=None, repr=False)
    kerberos_realm: str | None = None
    kerberos_kdc_address: str | None = None
    kerberos_principal: str | None = None
    kerberos_password: str | None = Field(default=None, repr=False)
    kerberos_keytab: str | None = Field(default=None, repr=False)


class AccountKeyConfiguration(DatastoreCredentials):
    """`account_key`."""


class SasTokenConfiguration(DatastoreCredentials):
    """`sas_token`."""


class ServicePrincipalConfiguration(DatastoreCredentials):
    """`tenant_id`, `client_id`, `client_secret`."""


class CertificateConfiguration(DatastoreCredentials):
    """`tenant_id`, `client_id`, `certificate`, `thumbprint`."""


class AccessKeyConfiguration(DatastoreCredentials):
    """`access_key_id`, `secret_access_key`."""


class NoneCredentialConfiguration(DatastoreCredentials):
    """No credentials."""


class Datastore(Entity):
    """A place for files under a name."""

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]{0,254}")
    name_rule: ClassVar[str] = "letters, digits, '_' and '-', at most 255"

    type: str
    credentials: DatastoreCredentials | None = None
    is_default: bool | None = read_only()

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> builtins.type[Self]:
        return member_of(cls, values, noun="datastore")


class LocalFolderDatastore(Datastore):
    """A folder of the server's machine."""

    local_paths: ClassVar[tuple[str, ...]] = ("path",)

    type: Literal["local_folder"] = "local_folder"
    path: str
    """An absolute folder."""


class ObjectDatastore(Datastore):
    """A bucket by URL: `s3://bucket/prefix`, `gs://...`, `az://...`."""

    type: Literal["object"] = "object"
    url: str
    endpoint: str | None = None
    region: str | None = None


class S3Datastore(Datastore):
    """A bucket of S3 or of a store that speaks its protocol."""

    type: Literal["s3"] = "s3"
    bucket: str
    prefix: str | None = None
    endpoint: str | None = None
    region: str | None = None


class AzureBlobDatastore(Datastore):
    """A container of Azure Blob Storage."""

    type: Literal["azure_blob"] = "azure_blob"
    account_name: str
    container_name: str
    endpoint: str | None = None
    protocol: str = "https"


class AzureFileDatastore(Datastore):
    """A share of Azure Files."""

    type: Literal["azure_file"] = "azure_file"
    account_name: str
    file_share_name: str
    endpoint: str = "core.windows.net"
    protocol: str = "https"


class AzureDataLakeGen1Datastore(Datastore):
    """A store of Azure Data Lake Gen 1."""

    type: Literal["azure_data_lake_gen1"] = "azure_data_lake_gen1"
    store_name: str


class AzureDataLakeGen2Datastore(Datastore):
    """A filesystem of Azure Data Lake Gen 2."""

    type: Literal["azure_data_lake_gen2"] = "azure_data_lake_gen2"
    account_name: str
    filesystem: str
    endpoint: str = "core.windows.net"
    protocol: str = "https"


class OneLakeArtifact(Part):
    name: str
    type: str = "lake_house"


class OneLakeDatastore(Datastore):
    """A lake house of OneLake."""

    type: Literal["one_lake"] = "one_lake"
    one_lake_workspace_name: str
    artifact: OneLakeArtifact | None = None
    endpoint: str | None = None


class HdfsDatastore(Datastore):
    """A Hadoop file system."""

    type: Literal["hdfs"] = "hdfs"
    name_node_address: str
    hdfs_server_certificate: str | None = None
    protocol: str | None = None


class GoogleDatastore(Datastore):
    """A bucket of Google Cloud Storage."""

    type: Literal["google"] = "google"
    bucket: str
    prefix: str | None = None
