"""The manifests for Kubernetes and the compose file: valid, in agreement with each other and with the server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from wengert_server.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
BASE = DOCKER / "kubernetes" / "base"
RESOURCES = sorted(path for path in BASE.glob("*.yaml") if path.name != "kustomization.yaml")
VERSIONS = ("1.30", kubernetes_validate.latest_version())


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def container(deployment: Any) -> Any:
    (server,) = deployment["spec"]["template"]["spec"]["containers"]
    return server


def variables(text: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in text.items() if name.startswith("WENGERT_")}


@pytest.fixture(scope="module")
def kustomized() -> dict[str, list[Any]]:
    """What kustomize makes of the base and of the one with TLS."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed: what kustomize makes is not looked at")
    made = {}
    for name in ("base", "tls"):
        command = [kubectl, "kustomize", str(DOCKER / "kubernetes" / name)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        made[name] = list(yaml.safe_load_all(told))
    return made


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", RESOURCES, ids=lambda path: path.stem)
def test_each_manifest_is_valid(path: Path, version: str) -> None:
    kubernetes_validate.validate(read(path), version, strict=True)


@pytest.mark.parametrize("name", ["base", "tls"])
def test_what_kustomize_makes_is_valid(kustomized: dict[str, list[Any]], name: str) -> None:
    kinds = []
    for manifest in kustomized[name]:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        kinds.append(manifest["kind"])
    assert sorted(kinds) == [
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
    ]


def test_all_select_the_same_pods() -> None:
    deployment = read(BASE / "deployment.yaml")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/name": "wengert"}
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert read(BASE / "service.yaml")["spec"]["selector"] == labels
    assert read(BASE / "disruption.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert read(BASE / "network.yaml")["spec"]["podSelector"]["matchLabels"] == labels
    assert read(BASE / "autoscaler.yaml")["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]


def test_kustomization_names_every_file() -> None:
    assert sorted(read(BASE / "kustomization.yaml")["resources"]) == [path.name for path in RESOURCES]


def test_a_pod_may_do_nothing_it_need_not() -> None:
    deployment = read(BASE / "deployment.yaml")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not pod["automountServiceAccountToken"]
    assert container(deployment)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert read(BASE / "network.yaml")["spec"]["egress"] == []


def test_settings_are_the_servers() -> None:
    """Their names are read, and their values are accepted; service links would set others that begin alike."""
    literals = read(BASE / "kustomization.yaml")["configMapGenerator"][0]["literals"]
    deployment = read(BASE / "deployment.yaml")
    environment = variables(dict(each.split("=", 1) for each in literals))
    composed = variables(read(DOCKER / "compose.yaml")["services"]["wengert"]["environment"])
    for given in (environment, composed):
        settings = Settings.from_command([], given)
        assert [name for name in given if not hasattr(settings, name.removeprefix("WENGERT_").lower())] == []
    assert not deployment["spec"]["template"]["spec"]["enableServiceLinks"]


def test_pods_get_longer_than_the_grace() -> None:
    deployment = read(BASE / "deployment.yaml")
    pod = deployment["spec"]["template"]["spec"]
    literals = dict(
        each.split("=", 1) for each in read(BASE / "kustomization.yaml")["configMapGenerator"][0]["literals"]
    )
    command = container(deployment)["lifecycle"]["preStop"]["exec"]["command"]
    assert command[0] == "sleep"
    assert pod["terminationGracePeriodSeconds"] > int(command[1]) + float(literals["WENGERT_GRACE_S"])
    service = read(DOCKER / "compose.yaml")["services"]["wengert"]
    assert int(service["stop_grace_period"].removesuffix("s")) > float(service["environment"]["WENGERT_GRACE_S"])


def test_compose_runs_the_server_as_kubernetes_does() -> None:
    composed = read(DOCKER / "compose.yaml")
    for service in composed["services"].values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in composed["volumes"] or (DOCKER / source).is_file()
        assert set(service["networks"]) <= set(composed["networks"])
    assert composed["services"]["wengert"]["deploy"]["replicas"] == 2


def test_prometheus_asks_where_metrics_are() -> None:
    (job,) = read(DOCKER / "prometheus.yaml")["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert found["names"] == ["wengert"]
    assert f"WENGERT_METRICS_ADDRESS=0.0.0.0:{found['port']}" in (DOCKER / "Dockerfile").read_text()
    ports = {each["name"]: each["containerPort"] for each in container(read(BASE / "deployment.yaml"))["ports"]}
    assert ports == {"grpc": 50051, "metrics": found["port"]}
