"""The cheapest circuit of a network that is as good as floating point: searched for, tested, and shown."""

from .candidates import OBJECTIVES, Candidate
from .choice import Choice
from .choosing import State, choose
from .screening import Screened
from .testing import Tested

__all__ = ["OBJECTIVES", "Candidate", "Choice", "Screened", "State", "Tested", "choose"]
