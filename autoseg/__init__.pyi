from autoseg import ellipsometry as ellipsometry
from autoseg import microct as microct
from autoseg import networks as networks
from autoseg import sem as sem
from autoseg import stm as stm
from autoseg.errors import AutosegError as AutosegError
from autoseg.evaluation import evaluate as evaluate
from autoseg.heads import Head as Head
from autoseg.images.class_map import ClassMap as ClassMap
from autoseg.images.micrograph import Micrograph as Micrograph
from autoseg.images.micrograph import read as read
from autoseg.images.segmentation import Segmentation as Segmentation
from autoseg.measurement.conditions import keep as keep
from autoseg.measurement.report import report as report
from autoseg.measurement.shape import measure as measure
from autoseg.models.folder import load_model as load_model
from autoseg.models.folder import save_model as save_model
from autoseg.segmentation.pipeline import segment_all as segment_all
from autoseg.segmentation.segment import Segmenter as Segmenter
from autoseg.segmentation.segment import segment as segment
from autoseg.segmentation.segment import segment_again as segment_again

__version__: str
