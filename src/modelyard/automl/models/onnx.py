"""A fitted model of another kind, answering by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.onnx_form import OnnxForm
from modelyard.automl.models.tabular_model import Means, Params, Part, Shape, TabularModel
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution

runtime: Any = LazyModule("onnxruntime", extra="automl", what="a model in ONNX")


class OnnxModel(TabularModel):
    """Learns no task: it is made from a fitted model, by `of`."""

    name = "ONNX"
    tasks = frozenset()
    view = View.TREE
    extra_module = "onnxruntime"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._form: OnnxForm | None = None
        self._sessions: dict[int, Any] = {}
        self._input = ""

    @classmethod
    def of(cls, model: TabularModel, form: OnnxForm) -> Self:
        """`params` are those of `model`, with its name as `algorithm`."""
        return cls.restore(model.task, model.classes, {**model.fitted_params(), "algorithm": model.name}, form.state())

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        assert self._form is not None
        matrix = np.ascontiguousarray(design.matrix, dtype=np.float32)
        session = self._sessions.get(threads) or self._session(threads)
        return self._form.finished(session.run([self._form.output], {self._input: matrix})[0], self.classes)

    def state(self) -> dict[str, Any]:
        assert self._form is not None
        return self._form.state()

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._form = OnnxForm.restore(state)
        model._session(1)
        return model

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {}

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return 0

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        return 0.0

    def _fit(self, train: Part, watch: Part | None, means: Means) -> NoReturn:
        raise TypeError("a model in ONNX does not learn")

    def _session(self, threads: int) -> Any:
        assert self._form is not None
        options = runtime.SessionOptions()
        options.intra_op_num_threads = max(1, threads)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = runtime.InferenceSession(self._form.graph, options, providers=["CPUExecutionProvider"])
        self._input = session.get_inputs()[0].name
        self._sessions[threads] = session
        return session
