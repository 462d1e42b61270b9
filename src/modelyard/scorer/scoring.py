"""The two ways to answer a scoring request: a model by protocol, or the deployment's own script."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

from modelyard.domain.errors import InvalidInput, ModelyardError
from modelyard.kit.http_message import Request, Response, error_response
from modelyard.scorer.failure import describe
from modelyard.scorer.model import ScoringModel
from modelyard.scorer.openapi import describe_model, describe_script
from modelyard.scorer.protocol import Body, known_protocols, protocol_for
from modelyard.scorer.script import ScoringScript, failure_response

log = logging.getLogger(__name__)


class Scoring(ABC):
    """Answers one request, in whatever thread it is called. Never raises."""

    may_run_in_place: bool
    takes_any_method: bool = False

    @abstractmethod
    def answer(self, request: Request) -> Response: ...

    @abstractmethod
    def openapi(self, title: str) -> dict[str, Any]: ...


class ModelScoring(Scoring):
    may_run_in_place = True

    def __init__(self, model: ScoringModel) -> None:
        self._model = model
        self._protocols = known_protocols()

    def answer(self, request: Request) -> Response:
        try:
            body = Body(request)
            protocol = protocol_for(body, self._protocols)
            call = protocol.decode(body, self._model.signature)
            if call.features.rows == 0:
                return Response(200, protocol.encode([], call))
            return Response(200, protocol.encode(self._model.predict(call.features, call.params), call))
        except ModelyardError as error:
            return refusal(error)
        except Exception as error:
            log.exception("request %s: the model failed", _id(request))
            return _model_failed(error)

    def openapi(self, title: str) -> dict[str, Any]:
        return describe_model(title, self._model.signature)


class ScriptScoring(Scoring):
    may_run_in_place = False

    def __init__(self, script: ScoringScript) -> None:
        self._script = script
        self.takes_any_method = script.takes_any_method

    def answer(self, request: Request) -> Response:
        try:
            return self._script.call(request)
        except (Exception, SystemExit) as error:
            log.exception("request %s: the scoring script failed", _id(request))
            return failure_response(error)

    def openapi(self, title: str) -> dict[str, Any]:
        return describe_script(title)


def refusal(error: ModelyardError) -> Response:
    status = error.status if isinstance(error, InvalidInput) else 424
    return error_response(status, error.code, error.message, field=error.field, mend=error.mend)


def _model_failed(error: Exception) -> Response:
    told = describe(error)
    headers = [(b"ms-azureml-model-error-statuscode", b"500")]
    return error_response(424, "model_error", f"The model failed: {told['type']}: {told['message']}", headers=headers)


def _id(request: Request) -> str:
    return (request.header(b"x-ms-request-id") or b"-").decode("ascii", "replace")
