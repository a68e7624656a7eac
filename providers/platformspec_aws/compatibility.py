"""Versions of what is installed into clusters, with the source of each. What they go with is in the compiler's compatibility table."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Chart:
    """A Helm chart: where it is, its exact version, and where that was read."""

    repository: str
    chart: str
    version: str
    source: str


CHARTS: Final[dict[str, Chart]] = {
    "keda": Chart("https://kedacore.github.io/charts", "keda", "2.20.2", "kedacore/charts, keda/Chart.yaml, 2026-08-13"),
    "prometheus-operator-crds": Chart("https://prometheus-community.github.io/helm-charts", "prometheus-operator-crds", "31.0.1", "prometheus-community/helm-charts, Chart.yaml, 2026-08-22"),
    "kube-prometheus-stack": Chart("https://prometheus-community.github.io/helm-charts", "kube-prometheus-stack", "88.5.3", "prometheus-community/helm-charts, Chart.yaml, 2026-08-22"),
    "nvidia-device-plugin": Chart("https://nvidia.github.io/k8s-device-plugin", "nvidia-device-plugin", "0.20.0", "NVIDIA/k8s-device-plugin, tag v0.20.0, 2026-08-19"),
    "dra-driver-nvidia-gpu": Chart("oci://registry.k8s.io/dra-driver-nvidia/charts", "dra-driver-nvidia-gpu", "0.4.1", "EKS user guide, Dynamic Resource Allocation, 2026"),
    "neuron-helm-chart": Chart("oci://public.ecr.aws/neuron", "neuron-helm-chart", "1.9.0", "aws-neuron/neuron-helm-charts, release 1.9.0 (Neuron SDK 2.31.0), 2026-07-10"),
    "aws-efa-k8s-device-plugin": Chart("https://aws.github.io/eks-charts", "aws-efa-k8s-device-plugin", "v0.5.30", "aws/eks-charts, Chart.yaml, 2026-08-03"),
    "karpenter-crd": Chart("oci://public.ecr.aws/karpenter", "karpenter-crd", "1.14.1", "aws/karpenter-provider-aws, Chart.yaml, 2026-08-21"),
    "karpenter": Chart("oci://public.ecr.aws/karpenter", "karpenter", "1.14.1", "aws/karpenter-provider-aws, Chart.yaml, 2026-08-21"),
    "kueue": Chart("oci://registry.k8s.io/kueue/charts", "kueue", "0.19.2", "kubernetes-sigs/kueue, charts/kueue/Chart.yaml and README, tag v0.19.2"),
    "external-secrets": Chart("https://charts.external-secrets.io", "external-secrets", "2.9.0", "external-secrets/external-secrets, tag v2.9.0"),
    "aws-load-balancer-controller": Chart("https://aws.github.io/eks-charts", "aws-load-balancer-controller", "3.5.0", "aws/eks-charts, Chart.yaml, 2026-08-03"),
    "cert-manager": Chart("oci://quay.io/jetstack/charts", "cert-manager", "v1.21.1", "cert-manager/cert-manager, tag v1.21.1"),
    "kserve-llmisvc-crd": Chart("oci://ghcr.io/kserve/charts", "kserve-llmisvc-crd", "v0.20.0", "kserve/kserve, charts at v0.20.0"),
    "kserve-llmisvc-resources": Chart("oci://ghcr.io/kserve/charts", "kserve-llmisvc-resources", "v0.20.0", "kserve/kserve, charts at v0.20.0; brings InferencePool as well"),
    "kserve-runtime-configs": Chart("oci://ghcr.io/kserve/charts", "kserve-runtime-configs", "v0.20.0", "kserve/kserve, charts at v0.20.0; templates that the controller asks for"),
    "lws": Chart("oci://registry.k8s.io/lws/charts", "lws", "0.10.0", "kubernetes-sigs/lws, installation guide at v0.10.0"),
    "external-dns": Chart("https://kubernetes-sigs.github.io/external-dns", "external-dns", "1.21.1", "kubernetes-sigs/external-dns, Chart.yaml, 2026-08-22"),
}  # fmt: skip

NODE_IMAGE_FAMILY: Final = "al2023"
NODE_IMAGE: Final = "al2023@v20260903"
"""Karpenter's alias of the EKS optimised Amazon Linux 2023 image; with it Karpenter takes the NVIDIA variant for GPU nodes.

Source: releases of awslabs/amazon-eks-ami, v20260903 (1.36.3-20260903); a release has an image for each supported Kubernetes version.
"""


@dataclass(frozen=True, slots=True)
class Support:
    """Last days of a Kubernetes version on EKS: of standard support, and of the extended one, which costs extra."""

    standard: datetime.date
    extended: datetime.date
    source: str


KUBERNETES_SUPPORT: Final[dict[str, Support]] = {
    "1.34": Support(datetime.date(2026, 12, 2), datetime.date(2027, 12, 2), "Amazon EKS user guide, release calendar"),
    "1.35": Support(datetime.date(2027, 3, 27), datetime.date(2028, 3, 27), "endoflife.date/amazon-eks"),
    "1.36": Support(datetime.date(2027, 8, 2), datetime.date(2028, 8, 2), "EKS release calendar as quoted on 2026-09-08; 14 and 12 months"),
}  # fmt: skip
