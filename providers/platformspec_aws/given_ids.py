"""Ids under which Terraform imports what AWS has named: the section Import of each type's page in the documentation of the provider aws 6."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import GivenId

HEX: Final = "[0-9a-f]"
UUID: Final = f"{HEX}{{8}}(?:-{HEX}{{4}}){{3}}-{HEX}{{12}}"
# Resource ids of EC2 have 8 or 17 hexadecimal digits: docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html.
DIGITS: Final = f"(?:{HEX}{{8}}|{HEX}{{17}})"


def _ec2(prefix: str) -> GivenId:
    return GivenId(rf"{prefix}-{DIGITS}", f"{prefix}-0a1b2c3d4e5f60718")


GIVEN_IDS: Final = {
    "aws_acm_certificate": GivenId(
        rf"arn:[a-z-]+:acm:[a-z0-9-]+:\d{{12}}:certificate/{UUID}",
        "arn:aws:acm:eu-central-1:111122223333:certificate/7e7a28d2-163f-4b8f-b9cd-822f96c08d6a",
    ),
    "aws_bedrock_guardrail": GivenId(r"[a-z0-9]{1,64},DRAFT", "a1b2c3d4e5f6,DRAFT"),
    "aws_default_security_group": _ec2("sg"),
    "aws_eip": _ec2("eipalloc"),
    "aws_eks_pod_identity_association": GivenId(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99},a-[a-z0-9]+", "main,a-12345678"),
    "aws_flow_log": _ec2("fl"),
    "aws_internet_gateway": _ec2("igw"),
    "aws_kms_key": GivenId(rf"(?:mrk-{HEX}{{32}}|{UUID})", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    "aws_launch_template": _ec2("lt"),
    "aws_nat_gateway": _ec2("nat"),
    "aws_prometheus_workspace": GivenId(rf"ws-{UUID}", "ws-c6dcb907-f2d7-4d96-957b-66691f865d8b"),
    "aws_route53_zone": GivenId(r"Z[0-9A-Z]{5,31}", "Z1D633PJN98FT9"),
    "aws_route_table": _ec2("rtb"),
    "aws_secretsmanager_secret": GivenId(
        r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+-[A-Za-z0-9]{6}",
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf",
    ),
    "aws_security_group": _ec2("sg"),
    "aws_subnet": _ec2("subnet"),
    "aws_vpc": _ec2("vpc"),
    "aws_vpc_endpoint": _ec2("vpce"),
    "aws_vpc_security_group_egress_rule": _ec2("sgr"),
    "aws_vpc_security_group_ingress_rule": _ec2("sgr"),
}
