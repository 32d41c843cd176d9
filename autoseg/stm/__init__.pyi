from autoseg.stm.profiles import PROFILES as PROFILES
from autoseg.stm.simulation.folder import SimulationOptions as SimulationOptions
from autoseg.stm.simulation.folder import simulate as simulate
from autoseg.stm.workflow import Options as Options
from autoseg.stm.workflow import run as run
