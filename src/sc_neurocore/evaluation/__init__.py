"""Networks run on data: integer counts for every stream length and generator."""

from .default_model import cache_folder, default_model
from .evaluate import evaluate
from .fault_study import FaultStudy, fault_study
from .intervals import wilson_interval
from .results import Evaluation, Point
from .store import ResultStore
from .task import Row, Task

__all__ = [
    "Evaluation",
    "FaultStudy",
    "Point",
    "ResultStore",
    "Row",
    "Task",
    "cache_folder",
    "default_model",
    "evaluate",
    "fault_study",
    "wilson_interval",
]
