"""Files of imaging ellipsometers: the index of a measurement, what is known about it, and its maps."""
