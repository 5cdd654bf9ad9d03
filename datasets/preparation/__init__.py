"""From a dataset's folder to what training reads: index, packed array, imbalance subsets, contact sheet."""
