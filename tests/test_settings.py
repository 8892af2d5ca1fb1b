"""Settings: every variable is documented, wrong values are refused with a sentence, production is complete or refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from researchgraph import env

ROOT = Path(__file__).parents[1]
READ = re.compile(r'env\.(?:text|flag|integer|choice|names|secret)\(\s*"([A-Z_]+)"')
VARIABLES = sorted(set(READ.findall((ROOT / "researchgraph" / "settings.py").read_text(encoding="utf-8"))))
PRODUCTION = {
    "RESEARCHGRAPH_MODE": "production",
    "SECRET_KEY": "made-up-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "example.org",
    "SITE_URL": "https://example.org",
    "CONTACT_EMAIL": "librarian@example.org",
    "EMAIL_HOST": "mail.example.org",
    "DATABASE_URL": "postgresql://user:password@127.0.0.1:1/name",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "CACHE_URL": "redis://127.0.0.1:2/0",
}


def check(**variables: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy` in a shell with nothing but these variables."""
    clean = {"PATH": os.environ["PATH"], **variables}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def test_settings_read_variables() -> None:
    assert len(VARIABLES) > 12


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("file", [".env.example", "docs/configuration.md"])
def test_every_variable_is_documented(name: str, file: str) -> None:
    assert re.search(rf"^(?:#?{name}=|\| `{name}`)", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_no_unknown_variable_is_documented() -> None:
    documented = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    composed = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert set(documented) - set(VARIABLES) - composed == set()
    assert composed - set(documented) == set()


def test_a_complete_production_configuration_passes() -> None:
    done = check(**PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_an_incomplete_production_configuration_is_refused(name: str) -> None:
    if name == "RESEARCHGRAPH_MODE":
        # Production is what one gets by not choosing.
        done = check(**{k: v for k, v in PRODUCTION.items() if k not in {name, "SITE_URL"}})
        assert done.returncode == 1
        assert "SITE_URL" in done.stderr
        return
    done = check(**{k: v for k, v in PRODUCTION.items() if k != name})
    assert done.returncode == 1
    assert name in done.stderr


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DEBUG": "yes"}, 'DEBUG must be "true" or "false", not \'yes\'.'),
        ({"DATABASE_POOL_SIZE": "many"}, "DATABASE_POOL_SIZE must be a whole number, not 'many'."),
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL must look like postgresql://user:password@host:5432/name."),
        ({"RESEARCHGRAPH_MODE": "fast"}, "RESEARCHGRAPH_MODE must be"),
        ({"CONFIDENCE_NUMBER": "often"}, "CONFIDENCE_NUMBER must be one of always, claimed, never, not 'often'."),
        ({"TRUST_MODEL_FILE": "/nowhere.toml"}, "TRUST_MODEL_FILE=/nowhere.toml: It cannot be read"),
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "SECRET_KEY_FILE: /nowhere/key cannot be read (No such file or directory)."),
    ],
)  # fmt: skip
def test_a_wrong_value_stops_the_program_with_a_sentence(variables: dict[str, str], sentence: str) -> None:
    done = check(**{**PRODUCTION, **variables})
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "user:password@127" not in done.stderr


def test_a_secret_is_read_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.setenv("A_SECRET", "from the variable")
    assert env.secret("A_SECRET") == "from the variable"
    monkeypatch.setenv("A_SECRET_FILE", str(tmp_path / "key"))
    assert env.secret("A_SECRET") == "from the file"


def test_a_database_address_may_have_escaped_parts() -> None:
    parts = env.database("postgresql://us%40er:p%2Fw@db.example.org/name")
    assert parts == {"NAME": "name", "USER": "us@er", "PASSWORD": "p/w", "HOST": "db.example.org", "PORT": "5432"}
    with pytest.raises(ImproperlyConfigured):
        env.database("postgresql://host-without-a-name/")


def test_every_container_is_watched() -> None:
    services = compose()["services"]
    assert {"web", "worker", "beat", "postgres", "broker", "cache"} <= set(services)
    assert [
        name for name, service in services.items() if name != "migrate" and "test" not in service.get("healthcheck", {})
    ] == []


def test_queue_and_cache_are_two_servers_with_opposite_rules() -> None:
    services = compose()["services"]
    broker, cache = " ".join(services["broker"]["command"]), " ".join(services["cache"]["command"])
    assert "noeviction" in broker
    assert "--appendonly yes" in broker
    assert "allkeys-lru" in cache
    environment = services["web"]["environment"]
    assert environment["REDIS_URL"] != environment["CACHE_URL"]


def test_container_secrets_come_from_files() -> None:
    loaded = compose()
    assert all(secret["file"].startswith("./secrets/") for secret in loaded["secrets"].values())
    for name, service in loaded["services"].items():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable or "_SECRET" in variable or variable.startswith(("SECRET_KEY", "DATABASE_URL")):
                assert variable.endswith("_FILE"), name
                assert value.startswith("/run/secrets/")
        assert set(service.get("secrets", [])) <= set(loaded["secrets"])


def test_container_volumes_are_declared() -> None:
    loaded = compose()
    used = {
        volume.partition(":")[0] for service in loaded["services"].values() for volume in service.get("volumes", [])
    }
    assert used == set(loaded["volumes"])


def test_compose_reads_without_a_configuration() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.findall(r"\$\{[A-Z_]+:?\?", text)
