"""Files by address: list what is below one, read one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Query
from fastapi.responses import Response

from modelyard.ports.artifact_store import FileStat
from modelyard.server.access import Access, allow
from modelyard.server.downloads import send_file
from modelyard.server.pages import PageQuery, page_body
from modelyard.server.routing import make_router
from modelyard.services import files
from modelyard.services.files import Location

router = make_router("files")
Reader = Annotated[Access, Depends(allow("files.read"))]
Uri = Annotated[
    str,
    Query(
        min_length=1,
        max_length=4096,
        description="`azureml://datastores/<d>/paths/<p>`, `azureml://jobs/<j>/outputs/<o>`, `runs:/<r>/<p>`, an asset",
    ),
]


@router.get("/workspaces/{workspace}/files")
def list_files(workspace: str, uri: Uri, access: Reader, page: PageQuery) -> dict[str, Any]:
    """Every file below a folder with its size, by path relative to it; or the one file that the address names."""
    return page_body(files.files_below(_located(access, uri), page), file_body)


@router.get("/workspaces/{workspace}/files/content", response_class=Response)
def read_file(workspace: str, uri: Uri, access: Reader, range: Annotated[str | None, Header()] = None) -> Response:
    """The content of one file; `Range` is honoured."""
    location = _located(access, uri)
    return send_file(location.store, location.path, range)


def file_body(stat: FileStat) -> dict[str, Any]:
    modified = stat.modified_at.isoformat() if stat.modified_at else None
    return {"path": stat.path, "size": stat.size, "modified_at": modified}


def _located(access: Access, uri: str) -> Location:
    with access.read() as tx:
        tx.workspaces.get(access.workspace)
        return files.locate(tx, access.state.storage, access.workspace, uri)
