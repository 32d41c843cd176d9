"""From a micrograph to its particles: prediction, and the parting of the prediction into instances."""
