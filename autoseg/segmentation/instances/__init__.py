"""From predicted probabilities to single particles: pure functions, quick enough for a slider."""
