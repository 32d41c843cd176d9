"""Images too large for whole arrays: predicted, parted and joined block by block, by way of files on the disk."""
