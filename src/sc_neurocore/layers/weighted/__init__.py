"""What layers with weights are composed of: weights, their streams, and the sums of products."""
