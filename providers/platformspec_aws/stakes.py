"""What is lost when an AWS resource is destroyed or replaced.

Source: the deletion behaviour that each service's own documentation describes; resources whose loss nobody would notice for longer
than an apply are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from platformspec.sdk import Stake

STAKES: Final[Mapping[str, Stake]] = {
    "aws_rds_cluster": Stake("data", "the database and its automatic backups"),
    "aws_s3_bucket": Stake("data", "every object in the bucket"),
    "aws_opensearchserverless_collection": Stake("data", "every index in it with its vectors"),
    "aws_elasticache_replication_group": Stake("data", "what is cached and counted in it"),
    "aws_secretsmanager_secret": Stake("data", "the secret's value"),
    "aws_cloudwatch_log_group": Stake("data", "the logs in it"),
    "aws_prometheus_workspace": Stake("data", "the metrics in it"),
    "aws_kms_key": Stake("identity", "the key, and with it everything that it encrypts"),
    "aws_iam_role": Stake("identity", "the role, and the trust of everything that names it"),
    "aws_route53_zone": Stake("network", "the zone with its records and name servers"),
    "aws_acm_certificate": Stake("network", "the certificate that clients see"),
    "aws_vpc": Stake("network", "the network with everything in it", holds=True),
    "aws_subnet": Stake("network", "the subnet with the addresses of everything in it"),
    "aws_nat_gateway": Stake("network", "the way out to the internet, while it is made anew"),
    "aws_eip": Stake("network", "an address that others may have allowed"),
    "aws_internet_gateway": Stake("network", "the way out to the internet, while it is made anew"),
    "aws_security_group": Stake("network", "the group, and the rules of others that name it"),
    "aws_opensearchserverless_vpc_endpoint": Stake("network", "the way to the vector store, while it is made anew"),
    "aws_eks_cluster": Stake("cluster", "the cluster with everything that runs in it"),
}
