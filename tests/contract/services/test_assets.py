"""Assets as users see them: created, resolved, labelled, archived."""

import hashlib

import pytest

from modelyard.domain.code import Code
from modelyard.domain.data import Data
from modelyard.domain.environment import Environment
from modelyard.domain.errors import Conflict, InvalidInput, NotFound, Unsupported
from modelyard.kinds.components import CommandComponent
from modelyard.kit.paging import Page
from modelyard.services import assets, components
from modelyard.store.records import AssetKind

W = "default"
DATA, ENVIRONMENT, CODE = AssetKind.DATA, AssetKind.ENVIRONMENT, AssetKind.CODE
HASH = hashlib.sha256(b"files").hexdigest()
UPLOAD = f"azureml://datastores/workspaceblobstore/paths/LocalUpload/{HASH}/iris.csv"


def data(**values):
    return Data.from_dict({"name": "iris", "type": "uri_file", "path": UPLOAD, **values})


def test_data_comes_back_as_it_was_written(tx):
    made = assets.create(tx, W, DATA, data(description="d", tags={"a": 1}))
    assert (made.name, made.version, made.path, str(made.type)) == ("iris", "1", UPLOAD, "uri_file")
    assert (made.description, made.tags, made.archived, made.content_hash) == ("d", {"a": "1"}, False, HASH)
    assert made.id == "azureml://workspaces/default/data/iris/versions/1"
    assert made.creation_context.created_by == "ann"
    assert assets.get(tx, W, DATA, "iris", "1").to_dict() == made.to_dict()


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("azureml:iris:1", "1"),
        ("iris:1", "1"),
        ("azureml:iris@latest", "2"),
        ("azureml:iris@prod", "1"),
        ("azureml:iris", "2"),
        ("modelyard:iris:2", "2"),
        ("azureml://data/iris/versions/1", "1"),
        ("azureml://data/iris/labels/latest", "2"),
        ("azureml://workspaces/default/data/iris/versions/1", "1"),
    ],
)
def test_every_form_of_reference_resolves_to_a_version(tx, reference, version):
    assets.create(tx, W, DATA, data())
    assets.create(tx, W, DATA, data())
    assets.set_label(tx, W, DATA, "iris", "prod", "1")
    assert assets.resolve(tx, W, reference, DATA).version == version


@pytest.mark.parametrize(
    ("reference", "error", "text"),
    [
        ("azureml:iris:9", NotFound, r"no version '9'\. There are: 1"),
        ("azureml:irs:1", NotFound, "no data asset 'irs'"),
        ("azureml:iris@prod", NotFound, r"no label 'prod'\. There are: latest"),
        ("azureml://workspaces/other/data/iris/versions/1", InvalidInput, "another workspace"),
        ("azureml://models/iris/versions/1", InvalidInput, "is a model, not a data"),
        ("azureml://registries/shared/data/iris/versions/1", Unsupported, "no registry 'shared'"),
        ("https://example.org/iris.csv", InvalidInput, "not a reference to a data"),
    ],
)
def test_a_reference_that_does_not_resolve_says_why(tx, reference, error, text):
    assets.create(tx, W, DATA, data())
    with pytest.raises(error, match=text):
        assets.resolve(tx, W, reference, DATA)


def test_a_curated_environment_has_its_local_equivalent(tx):
    found = assets.resolve(tx, W, "azureml://registries/azureml/environments/sklearn-1.5/labels/latest", ENVIRONMENT)
    assert "scikit-learn" in str(found.to_dict())


@pytest.mark.parametrize(
    ("path", "error", "text"),
    [
        ("./iris.csv", InvalidInput, "path on somebody's machine"),
        ("/etc/passwd", InvalidInput, "path on somebody's machine"),
        ("file:///etc/passwd", InvalidInput, "path on somebody's machine"),
        ("azureml://datastores/nowhere/paths/iris.csv", NotFound, "no datastore 'nowhere'"),
        ("azureml://datastores/workspaceblobstore/paths/../../x", InvalidInput, "leaves its root"),
        ("azureml://workspaces/other/datastores/workspaceblobstore/paths/x", InvalidInput, "another workspace"),
        ("azureml:other:1", InvalidInput, "an asset, not files"),
        (None, InvalidInput, "no path"),
    ],
)
def test_what_a_server_cannot_reach_is_refused_and_nothing_is_registered(tx, path, error, text):
    with pytest.raises(error, match=text) as refused:
        assets.create(tx, W, DATA, Data(name="iris", path=path))
    assert refused.value.field in ("path", "name")
    assert assets.list_page(tx, W, DATA, Page()).items == []


@pytest.mark.parametrize("path", ["https://example.org/iris.csv", "s3://bucket/iris.csv", "runs:/abc/iris.csv"])
def test_addresses_elsewhere_are_kept_as_references(tx, path):
    assert assets.create(tx, W, DATA, data(path=path)).path == path


def test_a_version_does_not_change_and_the_next_is_offered(tx):
    assets.create(tx, W, DATA, data(version="1"))
    with pytest.raises(Conflict, match="'1' already"):
        assets.create(tx, W, DATA, data(version=1))
    assert assets.next_version(tx, W, DATA, "iris") == "2"


def test_an_environment_without_a_name_is_named_by_its_content(tx):
    spec = {"image": "python:3.11", "conda_file": {"dependencies": ["pip", {"pip": ["lightgbm"]}]}}
    first = assets.create(tx, W, ENVIRONMENT, Environment.from_dict(spec))
    again = assets.create(tx, W, ENVIRONMENT, Environment.from_dict(spec))
    other = assets.create(tx, W, ENVIRONMENT, Environment.from_dict({"image": "python:3.12"}))
    assert first.id == again.id != other.id
    assert first.version == first.content_hash
    assert assets.list_page(tx, W, ENVIRONMENT, Page()).items == [], "lists show what people named"
    assert assets.resolve(tx, W, first.id, ENVIRONMENT).conda_file == spec["conda_file"]


def test_an_empty_environment_and_nameless_data_are_refused(tx):
    with pytest.raises(InvalidInput, match="needs an image"):
        assets.create(tx, W, ENVIRONMENT, Environment(name="empty"))
    with pytest.raises(InvalidInput, match="needs a name"):
        assets.create(tx, W, DATA, Data(path=UPLOAD))


def test_code_is_made_once_for_its_content(tx):
    made = [assets.create(tx, W, CODE, Code(path=UPLOAD)) for _ in range(2)]
    assert {code.id for code in made} == {f"azureml://workspaces/default/codes/CliV2AnonymousCode/versions/{HASH}"}


def test_the_row_of_a_name_looks_like_its_latest_version(tx):
    assets.create(tx, W, DATA, data(tags={"v": "1"}))
    assets.create(tx, W, DATA, data(tags={"v": "2"}, description="second"))
    assets.set_label(tx, W, DATA, "iris", "prod", "1")
    (row,) = assets.list_page(tx, W, DATA, Page())
    assert (row.name, row.version, row.latest_version, row.path) == ("iris", None, "2", UPLOAD)
    assert (row.tags, row.description) == ({"v": "2"}, "second")
    assert assets.get_name(tx, W, DATA, "iris").labels == {"latest": "2", "prod": "1"}
    assert [version.version for version in assets.list_versions(tx, W, DATA, "iris", Page())] == ["2", "1"]


def test_archiving_hides_and_restoring_shows(tx):
    assets.create(tx, W, DATA, data())
    assets.create(tx, W, DATA, data())
    assert assets.edit(tx, W, DATA, "iris", "2", archived=True).archived
    assert assets.resolve(tx, W, "azureml:iris@latest", DATA).version == "1"
    assert assets.resolve(tx, W, "azureml:iris:2", DATA).archived
    assets.set_archived(tx, W, DATA, "iris", archived=True)
    assert assets.list_page(tx, W, DATA, Page()).items == []
    assert assets.edit(tx, W, DATA, "iris", archived=False, description="back").description == "back"
    assert len(assets.list_page(tx, W, DATA, Page())) == 1


def test_components_are_assets_like_the_others(tx):
    made = components.create(tx, W, CommandComponent(name="say", command="echo", inputs={"n": {"type": "integer"}}))
    assert (made.name, made.version) == ("say", "1")
    assert [item.latest_version for item in assets.list_page(tx, W, AssetKind.COMPONENT, Page()).items] == ["1"]
    found = assets.resolve(tx, W, "azureml:say@latest", AssetKind.COMPONENT)
    assert isinstance(found, CommandComponent)
    assert found.inputs["n"].type == "integer"
    with pytest.raises(InvalidInput):
        components.create(tx, W, CommandComponent(command="echo"))
