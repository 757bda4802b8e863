"""The files around the code keep what the README and CONTRIBUTING promise."""

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ["api", "commands", "consumers", "daybook", "events", "projections", "queries"]
LOCKS = ["requirements.lock", "requirements-dev.lock"]


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def pins(lock: str) -> dict[str, str]:
    """Name to version and marker, of one lock file."""
    found = re.findall(r"^([a-z0-9-]+)==([^\\\n]+?) \\$", (ROOT / lock).read_text(), re.MULTILINE)
    return dict(found)


class TestMake:
    def test_alone_lists_every_target(self) -> None:
        listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
        phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert phony
        for target in set(phony.group(1).split()) - {"moved"}:
            assert re.search(rf"^  make {target} +\S", listed, re.MULTILINE), target

    def test_ci_runs_what_a_contributor_runs(self) -> None:
        script = ROOT / ".ci" / "run"
        assert script.stat().st_mode & 0o100
        assert {"make check", "make test"} <= set(script.read_text().splitlines())


class TestLocks:
    @pytest.mark.parametrize("lock", LOCKS)
    def test_every_requirement_has_a_hash(self, lock: str) -> None:
        for entry in re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text().split("\n", 2)[2]):
            assert re.match(r"[a-z0-9-]+==\S+", entry), entry
            assert "--hash=sha256:" in entry, entry

    @pytest.mark.parametrize("lock", LOCKS)
    def test_they_name_no_address(self, lock: str) -> None:
        assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", (ROOT / lock).read_text())

    def test_they_cover_what_the_project_asks_for(self) -> None:
        project = pyproject()["project"]
        extras = project["optional-dependencies"]
        for lock, asked in (
            ("requirements.lock", project["dependencies"] + extras["build"]),
            ("requirements-dev.lock", project["dependencies"] + extras["build"] + extras["dev"]),
        ):
            assert {canonical(requirement) for requirement in asked} <= set(pins(lock)), lock

    def test_the_build_backend_is_one_of_them(self) -> None:
        assert {canonical(each) for each in pyproject()["build-system"]["requires"]} <= set(pins(LOCKS[0]))

    def test_development_runs_on_the_versions_that_run(self) -> None:
        assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


class TestPackaging:
    def test_every_file_beside_the_code_is_packaged(self) -> None:
        patterns = pyproject()["tool"]["setuptools"]["package-data"]["*"]
        for package in PACKAGES:
            for path in (ROOT / package).rglob("*"):
                if path.is_file() and path.suffix not in {".py", ".pyc"}:
                    assert any(fnmatch(path.name, pattern) for pattern in patterns), path

    def test_every_package_is_listed_wherever_packages_are(self) -> None:
        found = pyproject()["tool"]["setuptools"]["packages"]["find"]["include"]
        assert found == [name for package in PACKAGES for name in (package, f"{package}.*")]
        assert pyproject()["tool"]["importlinter"]["root_packages"] == PACKAGES
        dockerfile = (ROOT / "Dockerfile").read_text()
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        for package in PACKAGES:
            assert f"COPY {package} ./{package}\n" in dockerfile
            assert f"!{package}" in ignored


class TestCompose:
    def test_it_runs_the_parts_of_make_run(self) -> None:
        parts = {"postgres", "valkey", "mail", "migrate", "api", "projector", "worker", "archive"}
        assert set(compose()["services"]) == parts

    def test_it_holds_no_secret(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text()
        for name in ("POSTGRES_PASSWORD", "DAYBOOK_APP_PASSWORD", "DAYBOOK_SECRET", "DAYBOOK_MASTER_KEY", "SEAL_KEY"):
            assert f"${{{name}:?set {name}}}" in text
        for service in compose()["services"].values():
            for name, value in service.get("environment", {}).items():
                if re.search("PASSWORD|SECRET|KEY", name):
                    assert re.fullmatch(r"\$\{[A-Z_]+:(\?[^}]+|-)\}", value), name
                for credentials in re.findall(r"://([^/@]*)@", str(value)):
                    assert re.fullmatch(r"[a-z_]+:\$\{[A-Z_]+:\?[^}]+\}", credentials), name

    def test_only_what_seals_has_the_key_and_what_is_kept_outside(self) -> None:
        for name, service in compose()["services"].items():
            assert ("SEAL_KEY" in service.get("environment", {})) == (name == "archive")
            assert any("seals:" in volume for volume in service.get("volumes", [])) == (name == "archive")

    def test_what_answers_is_asked_for_its_health(self) -> None:
        for name in ("postgres", "valkey", "mail", "api"):
            assert compose()["services"][name]["healthcheck"]["test"], name

    def test_nothing_starts_before_the_schema_is_there(self) -> None:
        for name in ("api", "projector", "worker", "archive"):
            after = compose()["services"][name]["depends_on"]
            assert after["migrate"]["condition"] == "service_completed_successfully"
            assert after["valkey"]["condition"] == "service_healthy"
