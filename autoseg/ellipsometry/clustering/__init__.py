"""From features of pixels to their zones."""
