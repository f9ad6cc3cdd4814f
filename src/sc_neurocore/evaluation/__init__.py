"""Networks and reservoirs run on data, for every stream length and generator."""

from ..cache_folder import cache_folder
from .blocks import BlockRow, BlockTask, joined, sample_order
from .default_model import default_model
from .estimates import EstimatedCircuit
from .evaluate import evaluate
from .fault_study import FaultStudy, fault_study
from .intervals import paired_interval, wilson_interval
from .pairing import PairedDifference, WrongImages, paired
from .reservoir_rows import ReservoirRow, ReservoirTask
from .reservoirs import ReservoirStudy, narma_reservoir, reservoir_study
from .results import Evaluation, Point
from .series import memory_capacity, nrmse_std
from .store import ResultStore, RowStore
from .task import EstimateRow, EstimateTask, Row, Task

__all__ = [
    "BlockRow",
    "BlockTask",
    "EstimateRow",
    "EstimateTask",
    "EstimatedCircuit",
    "Evaluation",
    "FaultStudy",
    "PairedDifference",
    "Point",
    "ReservoirRow",
    "ReservoirStudy",
    "ReservoirTask",
    "ResultStore",
    "Row",
    "RowStore",
    "Task",
    "WrongImages",
    "cache_folder",
    "default_model",
    "evaluate",
    "fault_study",
    "joined",
    "memory_capacity",
    "narma_reservoir",
    "nrmse_std",
    "paired",
    "paired_interval",
    "reservoir_study",
    "sample_order",
    "wilson_interval",
]
