"""Building blocks of layers with weights: weights, their streams, and the sums of products."""
