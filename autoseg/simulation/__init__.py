"""Images from formulas, without any network: random fields, substrates and backgrounds, recording, and particles."""
