"""Stored receipts: page, API and command say the same, every version is reproduced, and other weights make new ones."""

from __future__ import annotations

import hashlib
import io
import json
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db.models import ProtectedError
from django.test import Client
from lxml import etree

from graph import trust_model
from graph.models import TrustModel, TrustSnapshot
from profiles.models import Researcher
from tests.pipeline import importworks, work, write

if TYPE_CHECKING:
    from pytest_django import Settings

ADA, *OTHERS = ("Ada Quillfeather", "Bruno Oakenshaw", "Clara Winterbourne", "Dmitri Hollowstone", "Elif Marchbanks")

pytestmark = pytest.mark.usefixtures("empty_library")


@pytest.fixture
def ada(empty_library: None, tmp_path: Path) -> Researcher:
    records = [
        work(f"t/{n}", f"Recipe number {n} of many", ADA, other, doi=f"10.5555/{n}") for n, other in enumerate(OTHERS)
    ]
    importworks(write(tmp_path / "works.jsonl", records))
    return Researcher.objects.get(display_name=ADA)


def explain(*arguments: str, **options: bool) -> str:
    out = io.StringIO()
    call_command("explain_trust", *arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def parsed(page: bytes) -> etree._Element:
    return etree.fromstring(page, etree.HTMLParser(encoding="utf-8"))


def text_of(node: etree._Element) -> str:
    return " ".join("".join(str(part) for part in node.itertext()).split())


def weigh_otherwise(settings: Settings, tmp_path: Path, was: str, becomes: str) -> str:
    """Name a file of other weights in the settings; its version."""
    text = trust_model.SHIPPED.read_text(encoding="utf-8").replace(was, becomes)
    path = tmp_path / "weights.toml"
    path.write_text(text, encoding="utf-8")
    settings.TRUST_MODEL_FILE = str(path)
    return trust_model.read(text).version


def rebuild() -> None:
    call_command("rebuildgraph", stdout=io.StringIO(), stderr=io.StringIO())


def test_page_api_and_command_print_the_same_digits(client: Client, ada: Researcher) -> None:
    page = parsed(client.get(ada.get_absolute_url()).content)
    table = page.find(".//details[@id='receipt']//table/tbody")
    assert table is not None
    on_page = [tuple(text_of(cell) for cell in row) for row in table]
    api = client.get(f"/api/v1/researchers/{ada.public_id}/trust/").json()
    in_api = [
        (c["label"], f"{c['points']} / {c['maximum']}" if c["maximum"] else str(c["points"]), c["evidence"], c["would_raise"])
        for c in api["components"]
    ]  # fmt: skip
    printed = explain(ada.public_id)
    assert on_page == in_api
    for component in api["components"]:
        most = f"/{component['maximum']}" if component["maximum"] else ""
        line = rf"{component['label']}\s+{component['points']}{most}\s+{re.escape(component['evidence'])}"
        assert re.search(line, printed)
        assert component["would_raise"] in printed
    stored = TrustSnapshot.objects.get(researcher=ada, current=True)
    assert stored.score == api["score"] == 17
    assert f"{api['word']}, 17 of 100" in printed
    assert f"{api['word']}, 17 of 100" in text_of(page)
    assert stored.model_version_id == api["model_version"]
    assert stored.inputs_hash == api["inputs_hash"]
    for text in (stored.model_version_id, stored.cause):
        assert text in printed
        assert text in text_of(page)
    assert stored.inputs_hash in printed


def test_the_inputs_of_the_api_give_the_hash(client: Client, ada: Researcher) -> None:
    api = client.get(f"/api/v1/researchers/{ada.public_id}/trust/").json()
    text = f"{api['model_version']}\x1f{json.dumps(api['inputs'], separators=(',', ':'))}"
    assert hashlib.sha256(text.encode()).hexdigest() == api["inputs_hash"]


def test_other_weights_make_a_new_version_and_the_old_receipts_stay_explained(
    client: Client, ada: Researcher, settings: Settings, tmp_path: Path
) -> None:
    before = TrustSnapshot.objects.get(researcher=ada, current=True)
    version = weigh_otherwise(settings, tmp_path, "each_work = 2", "each_work = 3")
    assert f"{before.score} of 100" in client.get(ada.get_absolute_url()).content.decode()
    rebuild()
    after = TrustSnapshot.objects.get(researcher=ada, current=True)
    assert (after.score, after.model_version_id, after.cause) == (before.score + 4, version, "rebuilt by hand")
    assert not TrustSnapshot.objects.filter(current=True).exclude(model_version=version).exists()
    assert set(TrustModel.objects.values_list("pk", flat=True)) == {before.model_version_id, version}
    everybody = Researcher.objects.count()
    lines = {f"{version}: {everybody} reproduced", f"{before.model_version_id}: {everybody} reproduced"}
    assert set(explain(check=True).splitlines()) == lines
    page = client.get(ada.get_absolute_url()).content.decode()
    assert f"Score from {before.score} on" in page
    assert before.model_version_id in page
    rebuild()
    assert TrustSnapshot.objects.count() == 2 * everybody


def test_receipts_of_version_1_are_reproduced(ada: Researcher) -> None:
    TrustModel.objects.create(
        version="record-confidence/1",
        weights=trust_model.encode(trust_model.load("").weights).replace('"version":2', '"version":1'),
    )
    TrustSnapshot.objects.create(
        researcher=ada, score=17, current=False, cause="", model_version_id="record-confidence/1",
        inputs={
            "level": 1, "works": 4, "works_with_identifier": 4, "works_two_sources": 0, "close": 4, "verified_coauthors": 0,
            "conflicts": 0,
        },
        inputs_hash="53c14039f14f11c50233c3c3cf87c41c0ccc38bef570e35b62a14f41fc10c889",
    )  # fmt: skip
    assert "record-confidence/1: 1 reproduced\n" in explain(check=True)


def test_a_stored_score_that_was_changed_by_hand_is_found(ada: Researcher) -> None:
    TrustSnapshot.objects.filter(researcher=ada).update(score=99)
    with pytest.raises(CommandError, match="1 not reproduced"):
        explain(check=True)


def test_the_command_names_what_it_cannot_explain(ada: Researcher) -> None:
    with pytest.raises(CommandError, match="There is no researcher 'nobody'"):
        explain("nobody")
    TrustSnapshot.objects.all().delete()
    with pytest.raises(CommandError, match="No receipt has been computed yet"):
        explain(ada.public_id)


def test_a_file_of_weights_that_cannot_be_used_stops_every_command(settings: Settings, tmp_path: Path) -> None:
    weigh_otherwise(settings, tmp_path, "most = 30", "most = 30")
    call_command("check")
    Path(settings.TRUST_MODEL_FILE).write_text("name = 'mine'", encoding="utf-8")
    trust_model.load.cache_clear()
    with pytest.raises(SystemCheckError, match=r"TRUST_MODEL_FILE=.*missing required field `version`"):
        call_command("check")


def test_the_first_version_is_in_the_database_from_the_migration_on() -> None:
    weights = trust_model.stored("record-confidence/1", import_module("graph.migrations.0004_trust").FIRST).weights
    assert (weights.version, weights.identity.levels, weights.network.each_verified) == (1, (0, 5, 20, 30, 40), 5)


@pytest.mark.parametrize(("setting", "shown"), [("always", True), ("claimed", False), ("never", False)])
def test_the_operator_chooses_where_digits_are_shown(
    client: Client, ada: Researcher, settings: Settings, setting: str, *, shown: bool
) -> None:
    settings.CONFIDENCE_NUMBER = setting
    page = parsed(client.get(ada.get_absolute_url()).content)
    text = text_of(page)
    assert ("17 of 100" in text) is shown
    assert ("17/100" in text) is shown
    assert (page.find(".//table[@class='tbl receipt']/tfoot") is not None) is shown
    assert "Record confidence fair" in text
    assert "nothing about the person or the work" in text
    assert "4 of 4 works carry a persistent identifier." in text


def test_a_snapshot_is_never_without_its_weights(ada: Researcher) -> None:
    with pytest.raises(ProtectedError):
        TrustModel.objects.filter(pk=TrustSnapshot.objects.get(researcher=ada).model_version_id).delete()
