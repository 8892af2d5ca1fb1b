"""`manage.py demo`: one command from nothing to real profiles, and back to nothing that runs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from researchgraph import embedded

ROOT = Path(__file__).parents[1]
CONFIGURED = {"DATA_DIR", "RESEARCHGRAPH_MODE", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="rg-demo-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(embedded.layout(path.resolve()).socket_dir, ignore_errors=True)


def manage(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """One `manage.py` command in a shell in which nothing is configured."""
    environment = {k: v for k, v in os.environ.items() if k not in CONFIGURED} | variables
    command = [sys.executable, "manage.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=280)


def left_running(data_dir: Path) -> list[str]:
    """Command lines of processes that belong to a data directory, without the dead."""
    listed = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(data_dir) in line and not line.startswith("Z")]


def test_once_goes_from_nothing_to_a_profile_and_twice_changes_nothing(data_dir: Path) -> None:
    first = manage("demo", "--once", "--port", 0, "--data-dir", data_dir)
    assert first.returncode == 0, first.stderr
    assert re.search(r"Importing: .*100 % of (\d+)", first.stderr)
    summary = re.search(r"(\d[\d,]*) works, (\d[\d,]*) researchers", first.stdout)
    assert summary
    assert re.search(r"Ari S\. Morcos: /researchers/\w{10}/ari-s-morcos/ answered 200", first.stdout)
    assert left_running(data_dir) == []

    second = manage("demo", "--once", "--port", 0, "--data-dir", data_dir)
    assert second.returncode == 0, second.stderr
    assert summary.group() in second.stdout
    assert "Importing" not in second.stderr

    # Any other command works on the same data, with no engine running.
    again = manage("importworks", "jsonl", ROOT / "works" / "demo" / "works.jsonl", DATA_DIR=str(data_dir))
    assert again.returncode == 0, again.stderr
    assert "new 0  updated 0" in again.stdout
    assert left_running(data_dir) == []


def test_another_file_can_be_imported(data_dir: Path) -> None:
    lines = (ROOT / "works" / "demo" / "works.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (data_dir / "few.jsonl").write_text("".join(lines[:5]) + "not a record\n", encoding="utf-8")
    done = manage("demo", "--once", "--port", 0, "--data-dir", data_dir, "--import", data_dir / "few.jsonl")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^5 works, ", done.stdout, re.MULTILINE)
    assert "1 records were held back" in done.stdout


def test_a_taken_port_is_named_before_anything_starts(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = manage("demo", "--once", "--port", port, "--data-dir", data_dir)
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (data_dir / "postgres").exists()


def test_a_file_that_is_not_there_is_named(data_dir: Path) -> None:
    done = manage("demo", "--once", "--data-dir", data_dir, "--import", data_dir / "none.jsonl")
    assert done.returncode == 1
    assert f"There is no file {data_dir / 'none.jsonl'}." in done.stderr


def test_a_second_demo_and_other_commands_know_the_first(demo_site: Any) -> None:
    second = manage("demo", "--once", "--port", 0, "--data-dir", demo_site.data_dir)
    assert second.returncode == 1
    assert re.search(r"already supervised by process \d+\. Stop that one first", second.stderr)
    done = manage(
        "shell", "-c", "from works.models import Work; print(Work.objects.count())", DATA_DIR=str(demo_site.data_dir)
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.strip().splitlines()[-1]) > 300
    with urllib.request.urlopen(f"{demo_site.url}/healthz/") as response:
        assert response.status == 200


def test_the_passwords_that_the_first_start_printed_are_those_of_every_later_one(demo_site: Any) -> None:
    tried = "from researchgraph.accounts.demo import accounts; from django.contrib.auth.models import User; "
    tried += "print(all(User.objects.get(email=email).check_password(word) for _, email, word in accounts()))"
    done = manage("shell", "-c", tried, DATA_DIR=str(demo_site.data_dir))
    assert done.stdout.strip().splitlines()[-1] == "True", done.stderr


def test_the_site_serves_compressed_files_for_ever(demo_site: Any) -> None:
    with urllib.request.urlopen(demo_site.url) as response:
        name = re.search(r'href="(/static/assets/[^"]+\.css)"', response.read().decode())
    assert name
    request = urllib.request.Request(demo_site.url + name.group(1), headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_demo(data_dir: Path, how: signal.Signals) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in CONFIGURED}
    command = [sys.executable, "manage.py", "demo", "--port", "0", "--data-dir", str(data_dir)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    url = (
        next(line for line in process.stdout if line.startswith("The site is at "))
        .removeprefix("The site is at ")
        .strip()
    )
    assert len(set(family(process.pid).values())) == 5
    pids = list(family(process.pid))
    process.send_signal(how)
    assert process.wait(60) == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    process.stdout.close()
    deadline = time.monotonic() + 40
    while (running := [pid for pid in pids if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert running == []
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url)


def family(supervisor: int) -> dict[str, str]:
    """Every process of the sessions that a supervisor's children lead: its pid, and the session's."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,sess="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    leaders = {pid for pid, parent, _ in rows if parent == str(supervisor)}
    return {pid: session for pid, _, session in rows if session in leaders}


def _alive(pid: str) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")
