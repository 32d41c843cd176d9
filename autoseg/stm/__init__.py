"""The STM wing: what is known of scanned surfaces. So far: levelling, and the lattice of 2x1 rows as a ruler."""
