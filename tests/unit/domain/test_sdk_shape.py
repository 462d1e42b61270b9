"""Every argument that the SDK's constructors take, our classes of the same name take too."""

from __future__ import annotations

import pytest

from modelyard import builders, entities
from modelyard.domain.entity import Part

ARGUMENTS = {
    "AccessKeyConfiguration": "access_key_id secret_access_key",
    "AccountKeyConfiguration": "account_key",
    "AmlCompute": (
        "name description size tags ssh_public_access_enabled ssh_settings min_instances max_instances "
        "network_settings idle_time_before_scale_down identity tier enable_node_public_ip"
    ),
    "AmlComputeSshSettings": "admin_username admin_password ssh_key_value",
    "Asset": "name version description tags properties",
    "AssignedUserConfiguration": "user_tenant_id user_object_id",
    "AutoPauseSettings": "delay_in_minutes enabled",
    "AutoScaleSettings": "min_node_count max_node_count enabled",
    "AzureBlobDatastore": (
        "name account_name container_name description tags endpoint protocol properties credentials"
    ),
    "AzureDataLakeGen1Datastore": "name store_name description tags properties credentials",
    "AzureDataLakeGen2Datastore": (
        "name account_name filesystem description tags endpoint protocol properties credentials"
    ),
    "AzureFileDatastore": (
        "name account_name file_share_name description tags endpoint protocol properties credentials"
    ),
    "BuildContext": "dockerfile_path path",
    "CertificateConfiguration": "certificate thumbprint",
    "CodeConfiguration": "code scoring_script",
    "CommandJob": "inputs outputs limits identity services parent_job_name",
    "CommandJobLimits": "timeout",
    "Compute": "name location description resource_id tags",
    "ComputeInstance": (
        "name description size tags ssh_public_access_enabled create_on_behalf_of network_settings "
        "ssh_settings schedules identity idle_time_before_shutdown idle_time_before_shutdown_minutes "
        "setup_scripts enable_node_public_ip custom_applications enable_sso enable_root_access "
        "release_quota_on_stop enable_os_patching"
    ),
    "ComputeInstanceSshSettings": "ssh_key_value",
    "CustomApplications": "name image type endpoints environment_variables bind_mounts",
    "CustomerManagedKey": "key_vault key_uri cosmosdb_id storage_id search_id",
    "Data": "name version description tags properties path type",
    "DataAsset": "data_id name path version",
    "DataCollector": "collections rolling_rate sampling_rate request_logging",
    "Datastore": "credentials name description tags properties",
    "DeploymentCollection": "enabled data client_id",
    "EndpointsSettings": "target published",
    "Environment": "name version description image build conda_file tags properties datastore",
    "IdentityConfiguration": "type user_assigned_identities",
    "ImageSettings": "reference",
    "Input": "type path mode path_on_compute default optional min max enum description datastore",
    "IntellectualProperty": "publisher protection_level",
    "Job": "name display_name description tags properties experiment_name compute services",
    "JobResourceConfiguration": (
        "locations instance_count instance_type properties docker_args shm_size max_instance_count"
    ),
    "JobService": "endpoint type nodes status port properties",
    "JupyterLabJobService": "endpoint nodes status port properties",
    "KubernetesCompute": "namespace properties identity",
    "KubernetesOnlineDeployment": (
        "name endpoint_name tags properties description model code_configuration environment "
        "app_insights_enabled scale_settings request_settings liveness_probe readiness_probe "
        "environment_variables resources instance_count instance_type code_path scoring_script"
    ),
    "KubernetesOnlineEndpoint": (
        "name tags properties auth_mode description location traffic mirror_traffic compute identity kind"
    ),
    "ManagedIdentityConfiguration": "client_id resource_id object_id principal_id",
    "ManagedOnlineDeployment": (
        "name endpoint_name tags properties description model code_configuration environment "
        "app_insights_enabled scale_settings request_settings liveness_probe readiness_probe "
        "environment_variables instance_type instance_count egress_public_network_access code_path "
        "scoring_script data_collector"
    ),
    "ManagedOnlineEndpoint": (
        "name tags properties auth_mode description location traffic mirror_traffic identity kind public_network_access"
    ),
    "Model": (
        "name version type path utc_time_created flavors description tags properties stage "
        "default_deployment_template allowed_deployment_templates"
    ),
    "MpiDistribution": "process_count_per_instance",
    "NetworkSettings": "vnet_name subnet",
    "OneLakeArtifact": "name type",
    "OneLakeDatastore": "name artifact one_lake_workspace_name endpoint description tags properties credentials",
    "OnlineDeployment": (
        "name endpoint_name tags properties description model data_collector code_configuration environment "
        "app_insights_enabled scale_settings request_settings liveness_probe readiness_probe "
        "environment_variables instance_count instance_type model_mount_path code_path scoring_script"
    ),
    "OnlineEndpoint": (
        "name tags properties auth_mode description location traffic mirror_traffic identity scoring_uri "
        "openapi_uri provisioning_state kind"
    ),
    "OnlineRequestSettings": "max_concurrent_requests_per_instance request_timeout_ms max_queue_wait_ms",
    "Output": "type path mode description",
    "ProbeSettings": "failure_threshold success_threshold timeout period initial_delay",
    "PyTorchDistribution": "process_count_per_instance",
    "QueueSettings": "job_tier priority",
    "RayDistribution": (
        "port address include_dashboard dashboard_port head_node_additional_args worker_node_additional_args"
    ),
    "RequestLogging": "capture_headers",
    "ResourceRequirementsSettings": "requests limits",
    "ResourceSettings": "cpu memory gpu",
    "Route": "port path",
    "SasTokenConfiguration": "sas_token",
    "SweepJob": (
        "name description tags display_name experiment_name identity inputs outputs compute limits "
        "sampling_algorithm search_space objective trial early_termination queue_settings resources"
    ),
    "SweepJobLimits": "max_concurrent_trials max_total_trials timeout trial_timeout",
    "ScriptReference": "path command timeout_minutes",
    "ServicePrincipalConfiguration": "client_secret",
    "SetupScripts": "startup_script creation_script",
    "SshJobService": "endpoint nodes status port ssh_public_keys properties",
    "SynapseSparkCompute": (
        "name description tags node_count node_family node_size spark_version identity scale_settings "
        "auto_pause_settings"
    ),
    "TargetUtilizationScaleSettings": "min_instances max_instances polling_interval target_utilization_percentage",
    "TensorBoardJobService": "endpoint nodes status port log_dir properties",
    "TensorFlowDistribution": "parameter_server_count worker_count",
    "VirtualMachineCompute": "name description resource_id tags ssh_settings",
    "VirtualMachineSshSettings": "admin_username admin_password ssh_port ssh_private_key_file",
    "VolumeSettings": "source target",
    "VsCodeJobService": "endpoint nodes status port properties",
    "Workspace": (
        "name description tags display_name location resource_group hbi_workspace storage_account "
        "container_registry key_vault application_insights customer_managed_key image_build_compute "
        "public_network_access network_acls identity primary_user_assigned_identity managed_network "
        "provision_network_now system_datastores_auth_mode enable_data_isolation allow_roleassignment_on_rg "
        "hub_id workspace_hub serverless_compute"
    ),
}
COMMAND = """
name description tags properties display_name command experiment_name environment environment_variables distribution
compute inputs outputs instance_count instance_type locations docker_args shm_size timeout code identity
is_deterministic services job_tier priority parent_job_name
"""


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_a_class_takes_the_arguments_of_the_sdk(name: str) -> None:
    found = getattr(entities, name)
    assert issubclass(found, Part)
    # The short form of a code configuration has no field of its own.
    known = {*found.model_fields, "code_path", "scoring_script"}
    assert set(ARGUMENTS[name].split()) <= known


def test_the_builder_takes_the_arguments_of_the_sdk() -> None:
    given = dict.fromkeys(COMMAND.split()) | {"command": "echo", "is_deterministic": True, "timeout": 3}
    assert builders.command(**given).limits is not None


def test_some_fields_may_be_given_without_their_names() -> None:
    code = entities.CodeConfiguration("./src", "score.py")  # type: ignore[misc]
    assert (code.code, code.scoring_script) == ("./src", "score.py")
    with pytest.raises(TypeError, match="by name"):
        entities.Data("name")  # type: ignore[misc]
