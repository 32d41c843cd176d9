"""From labelled particles to a table of their shapes, and from the table to statistics of their sizes. No Keras."""
