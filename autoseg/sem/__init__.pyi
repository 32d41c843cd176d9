from autoseg.sem.profiles import PROFILES as PROFILES
from autoseg.sem.simulation import SimulationOptions as SimulationOptions
from autoseg.sem.simulation import simulate as simulate
from autoseg.sem.workflow import Options as Options
from autoseg.sem.workflow import run as run
