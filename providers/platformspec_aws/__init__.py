"""The provider `aws`: Terraform stacks, and the Kubernetes objects that only AWS has."""

from platformspec.sdk import Provider
from platformspec_aws.acting import ACTING
from platformspec_aws.addons.cluster_services import install_block_storage, install_metrics_server
from platformspec_aws.addons.devices import (
    install_efa_device_plugin,
    install_gpu_device_plugin,
    install_gpu_dra_driver,
    install_neuron_device_plugin,
)
from platformspec_aws.addons.karpenter import install_karpenter
from platformspec_aws.addons.kueue import install_kueue
from platformspec_aws.addons.providers import provider_blocks
from platformspec_aws.addons.scaling import install_keda, install_prometheus
from platformspec_aws.addons.secrets import install_external_secrets
from platformspec_aws.addons.serving import install_cert_manager, install_kserve, install_leader_worker_set
from platformspec_aws.addons.traffic import install_external_dns, install_load_balancer_controller
from platformspec_aws.catalogue import AWS_VERSION, CATALOGUE, HELM_VERSION
from platformspec_aws.cluster.addons import check_kept_versions
from platformspec_aws.cluster.cluster import lower_cluster
from platformspec_aws.costs import costs
from platformspec_aws.front.gateway import lower_gateway
from platformspec_aws.front.guardrail import grant_gateway_applies_guardrail, lower_guardrail
from platformspec_aws.front.secrets import read_model_token, read_own_secrets
from platformspec_aws.front.vector_store import lower_vector_store
from platformspec_aws.gpu_pool.gpu_pool import lower_gpu_pool
from platformspec_aws.identity.bedrock import grant_gateway_invokes_model
from platformspec_aws.identity.grants import workload_roles
from platformspec_aws.instances import offerings
from platformspec_aws.network.network import lower_network
from platformspec_aws.preflight import preflight
from platformspec_aws.prices import prices
from platformspec_aws.replacement import verdict
from platformspec_aws.requirements import requirements
from platformspec_aws.stakes import STAKES
from platformspec_aws.storage.access import connect_owner, open_cache, open_database
from platformspec_aws.storage.bucket import grant_model_reads_bucket, lower_bucket
from platformspec_aws.storage.cache import lower_cache
from platformspec_aws.storage.database import lower_database
from platformspec_aws.storage.opensearch import access_policies, grant_job_makes_indexes, grant_team_uses_collection
from platformspec_aws.storage.team import lower_team

PROVIDER = Provider(
    name="aws",
    declarations={
        "bucket": lower_bucket,
        "cache": lower_cache,
        "cluster": lower_cluster,
        "database": lower_database,
        "gateway": lower_gateway,
        "gpu_pool": lower_gpu_pool,
        "guardrail": lower_guardrail,
        "network": lower_network,
        "team": lower_team,
        "vector_store": lower_vector_store,
    },
    edges={
        "counts_in": (open_cache,),
        "falls_back_to": (grant_gateway_invokes_model,),
        "guarded_by": (grant_gateway_applies_guardrail,),
        "keeps_state_in": (open_database,),
        "owned_by": (connect_owner, grant_team_uses_collection),
        "placed_in": (read_own_secrets, grant_job_makes_indexes),
        "reads_from": (grant_model_reads_bucket,),
        "routes_to": (grant_gateway_invokes_model,),
        "runs_on": (read_model_token,),
        "stores_in": (open_database,),
    },
    capabilities={
        "block-storage": install_block_storage,
        "cert-manager": install_cert_manager,
        "efa-device-plugin": install_efa_device_plugin,
        "external-dns": install_external_dns,
        "external-secrets": install_external_secrets,
        "gpu-device-plugin": install_gpu_device_plugin,
        "gpu-dra-driver": install_gpu_dra_driver,
        "karpenter": install_karpenter,
        "keda": install_keda,
        "kserve": install_kserve,
        "kueue": install_kueue,
        "leader-worker-set": install_leader_worker_set,
        "load-balancer-controller": install_load_balancer_controller,
        "metrics-server": install_metrics_server,
        "neuron-device-plugin": install_neuron_device_plugin,
        "prometheus": install_prometheus,
    },
    # Policies that name roles need all grants; provider blocks need all stacks, so they come last.
    aggregates=(check_kept_versions, access_policies, workload_roles, provider_blocks),
    catalogue=CATALOGUE,
    replacement=verdict,
    stakes=STAKES,
    acting=ACTING,
    costs=costs,
    prices=prices,
    requirements=requirements,
    preflight=preflight,
    offerings=offerings,
    nouns={
        "aws_acm_certificate": "certificate",
        "aws_acm_certificate_validation": "certificate validation",
        "aws_bedrock_guardrail": "Bedrock guardrail",
        "aws_bedrock_guardrail_version": "version of the Bedrock guardrail",
        "aws_budgets_budget": "budget",
        "aws_cloudwatch_event_rule": "event rule",
        "aws_cloudwatch_event_target": "event target",
        "aws_cloudwatch_log_group": "log group",
        "aws_db_subnet_group": "database subnet group",
        "aws_default_security_group": "default security group",
        "aws_eip": "elastic IP",
        "aws_eks_access_entry": "cluster access entry",
        "aws_eks_access_policy_association": "cluster access policy",
        "aws_eks_addon": "EKS add-on",
        "aws_eks_cluster": "EKS cluster",
        "aws_eks_identity_provider_config": "OpenID Connect provider of the cluster",
        "aws_eks_node_group": "EKS node group",
        "aws_eks_pod_identity_association": "Pod Identity association",
        "aws_elasticache_replication_group": "Valkey replication group",
        "aws_elasticache_subnet_group": "cache subnet group",
        "aws_iam_role_policy": "IAM grant",
        "aws_iam_role_policy_attachment": "IAM policy attachment",
        "aws_opensearchserverless_access_policy": "OpenSearch Serverless access policy",
        "aws_opensearchserverless_collection": "OpenSearch Serverless collection",
        "aws_opensearchserverless_security_policy": "OpenSearch Serverless policy",
        "aws_opensearchserverless_vpc_endpoint": "OpenSearch Serverless endpoint",
        "aws_prometheus_workspace": "Prometheus workspace",
        "aws_rds_cluster": "Aurora cluster",
        "aws_rds_cluster_instance": "Aurora instance",
        "aws_rds_cluster_parameter_group": "Aurora parameter group",
        "aws_route53_record": "DNS record",
        "aws_route53_zone": "hosted zone",
        "aws_route_table_association": "route table association",
        "aws_secretsmanager_secret": "secret",
        "aws_secretsmanager_secret_version": "secret version",
        "aws_vpc_security_group_egress_rule": "security group rule",
        "aws_vpc_security_group_ingress_rule": "security group rule",
        "helm_release": "Helm release",
    },
    required_providers={
        # From the version of the catalogues on: an older provider may not know an argument.
        "aws": {"source": "hashicorp/aws", "version": f"~> {AWS_VERSION.rsplit('.', 1)[0]}"},
        "helm": {"source": "hashicorp/helm", "version": f"~> {HELM_VERSION.rsplit('.', 1)[0]}"},
    },
)
