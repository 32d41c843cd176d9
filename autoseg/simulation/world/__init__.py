"""Pictures of all kinds of particles on all kinds of grounds, as they stand in journals, and the labels of each."""
