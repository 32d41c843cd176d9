"""From a foreground to grains in three dimensions: parted, numbered once through all slices, and measured."""
