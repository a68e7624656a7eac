"""Lower gateways to AWS: a certificate and what the load balancer must know, and the gateway's generated secrets."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import Code, DeclarationContext, FrontExports, GatewaySpec, concat
from platformspec_aws import kms
from platformspec_aws.stacks import DATA

NO_ZONE = Code(
    "PS550",
    "a hostname without a zone",
    explain="The certificate is validated, and the record written, in a hosted zone of Route 53: `dns: {zone: acme.example}`.",
)
OTHER_ZONE = Code("PS551", "a hostname outside its zone", explain="A hostname ends with the name of its zone.")
NO_PUBLIC_SUBNETS = Code(
    "PS596",
    "a gateway on the internet in a network without public subnets",
    explain="An internet-facing load balancer stands in public subnets. Of a network that is adopted, `public_subnet_ids` names them.",
)

TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
# The gateway gives up on an answer before the load balancer does, so that callers get its message.
IDLE_MARGIN_SECONDS: Final = 10
RECORD_TTL_SECONDS: Final = 300
PASSWORD_LENGTH: Final = 48
# Role of the secret -> what stands before the random part. LiteLLM asks for keys that begin with sk-.
GENERATED: Final = {"master-key": "sk-", "salt-key": "sk-"}


def lower_gateway(ctx: DeclarationContext) -> None:
    """Secrets always; a certificate and exports for the Ingress where there is a hostname."""
    spec: GatewaySpec = ctx.spec
    generated_secrets(ctx, GENERATED)
    if spec.hostname is not None:
        _front(ctx, spec)


def generated_secrets(ctx: DeclarationContext, wanted: dict[str, str]) -> None:
    """Secrets with random values that are made during apply and stand in no state: an ephemeral value, written once."""
    key = kms.key(
        ctx,
        "secrets-key",
        ctx.address.kind.replace("_", "-"),
        ctx.called,
        stack=DATA,
        description=f"Encrypts the secrets of {ctx.address_called}",
    )
    recovery = ctx.at(ctx.platform.spec.cloud.secret_recovery_days, "cloud", "secret_recovery_days")
    for role, prefix in wanted.items():
        name = secret_name(ctx, role)
        secret = ctx.resource(
            "aws_secretsmanager_secret",
            role,
            {
                "name": name,
                "description": f"Generated for {ctx.address_called}",
                "kms_key_id": key.attr("arn"),
                "recovery_window_in_days": recovery,
            },
            stack=DATA,
        )
        random = ctx.ephemeral(
            "aws_secretsmanager_random_password",
            f"{role}-value",
            {"password_length": PASSWORD_LENGTH, "exclude_punctuation": True},
            stack=DATA,
        )
        ctx.resource(
            "aws_secretsmanager_secret_version",
            f"{role}-version",
            {
                "secret_id": secret.attr("id"),
                "secret_string_wo": concat(prefix, random.attr("random_password")),
                "secret_string_wo_version": 1,
            },
            stack=DATA,
        )


def secret_name(ctx: Any, role: str) -> Any:
    """The name of a generated secret: `<platform>-<environment>-<kind>-<name>-<role>`."""
    return ctx.name(ctx.address.kind.replace("_", "-"), ctx.called, role, limit=200)


def _front(ctx: DeclarationContext, spec: GatewaySpec) -> None:
    if spec.dns is None:
        ctx.reject(
            NO_ZONE,
            f"{spec.hostname} has no zone",
            at="hostname",
            help=f"add `dns: {{zone: {(spec.hostname or '').split('.', 1)[1]}}}`",
        )
        return
    if spec.hostname is None or not spec.hostname.endswith(f".{spec.dns.zone}"):
        ctx.reject(
            OTHER_ZONE,
            f"{spec.hostname} is not in the zone {spec.dns.zone}",
            at="dns.zone",
            help=f"write the zone that {spec.hostname} ends with",
        )
        return
    existing = ctx.platform.spec.cloud.network.existing
    if spec.exposure == "internet" and existing is not None and not existing.public_subnet_ids:
        ctx.reject(
            NO_PUBLIC_SUBNETS,
            f"{ctx.address} is on the internet, and no public subnets of the adopted network are named",
            at="exposure",
            help="add `cloud.network.existing.public_subnet_ids`, or write `exposure: internal`",
        )
        return
    zone_name = ctx.src(spec.dns.zone, "dns.zone")
    if spec.dns.existing:
        zone: Any = ctx.data(
            "aws_route53_zone",
            "zone",
            {"name": zone_name, "private_zone": False},
            stack=DATA,
            because=("dns.existing",),
        )
    else:
        zone = ctx.resource(
            "aws_route53_zone",
            "zone",
            {"name": zone_name},
            stack=DATA,
            because=("dns.existing",),
            lifecycle={"prevent_destroy": True} if spec.protect else None,
        )
    certificate = ctx.resource(
        "aws_acm_certificate",
        "certificate",
        {"domain_name": ctx.src(spec.hostname, "hostname"), "validation_method": "DNS"},
        stack=DATA,
        because=("hostname",),
        # A load balancer must not lose its certificate while a new one is made.
        lifecycle={"create_before_destroy": True},
    )
    option = "tolist(domain_validation_options)[0]"
    record = ctx.resource(
        "aws_route53_record",
        "certificate-record",
        {
            "zone_id": zone.attr("zone_id"),
            "name": certificate.attr(f"{option}.resource_record_name"),
            "type": certificate.attr(f"{option}.resource_record_type"),
            "records": [certificate.attr(f"{option}.resource_record_value")],
            "ttl": RECORD_TTL_SECONDS,
            "allow_overwrite": True,
        },
        stack=DATA,
        because=("hostname",),
    )
    ctx.resource(
        "aws_acm_certificate_validation",
        "certificate-validation",
        {"certificate_arn": certificate.attr("arn"), "validation_record_fqdns": [record.attr("fqdn")]},
        stack=DATA,
        because=("hostname",),
    )
    ctx.need("load-balancer-controller", because=("hostname",))
    ctx.need("external-dns", because=("hostname",))
    ctx.offer(FrontExports("alb", _annotations(ctx, spec), (ctx.network.cidr,)))


def _annotations(ctx: DeclarationContext, spec: GatewaySpec) -> dict[str, Any]:
    """For the AWS Load Balancer Controller. It finds the certificate by the Ingress's hostname."""
    prefix = "alb.ingress.kubernetes.io"
    longest = max(route.timeout_seconds for route in spec.routes.values())
    timeouts = tuple(f"routes.{name}.timeout_seconds" for name in spec.routes)
    idle = f"idle_timeout.timeout_seconds={longest + IDLE_MARGIN_SECONDS}"
    annotations: dict[str, Any] = {
        f"{prefix}/scheme": ctx.src("internet-facing" if spec.exposure == "internet" else "internal", "exposure"),
        f"{prefix}/target-type": "ip",
        f"{prefix}/listen-ports": '[{"HTTPS": 443}]',
        f"{prefix}/ssl-policy": TLS_POLICY,
        f"{prefix}/backend-protocol": "HTTP",
        f"{prefix}/healthcheck-path": "/health/liveliness",
        f"{prefix}/load-balancer-attributes": ctx.src(
            f"{idle},routing.http.drop_invalid_header_fields.enabled=true", *timeouts
        ),
        # A pod that goes keeps its connections until the longest answer has ended.
        f"{prefix}/target-group-attributes": ctx.src(f"deregistration_delay.timeout_seconds={longest}", *timeouts),
        f"{prefix}/tags": _tags(ctx),
    }
    existing = ctx.platform.spec.cloud.network.existing
    if existing is not None:
        # The subnets of an adopted network carry none of the tags by which the controller finds them.
        tier = "public_subnet_ids" if spec.exposure == "internet" else "private_subnet_ids"
        subnets = ctx.at(",".join(getattr(existing, tier)), "cloud", "network", "existing", tier)
        annotations[f"{prefix}/subnets"] = ctx.src(subnets.value, subnets, "exposure")
    if spec.exposure == "internet":
        annotations[f"{prefix}/inbound-cidrs"] = ctx.src(",".join(spec.allow_cidrs), "allow_cidrs")
    return annotations


def _tags(ctx: DeclarationContext) -> Any:
    tags = {key: getattr(value, "value", value) for key, value in ctx.tags.items()}
    sources = [value for value in ctx.tags.values() if hasattr(value, "paths")]
    return ctx.src(",".join(f"{key}={value}" for key, value in sorted(tags.items())), *sources)
