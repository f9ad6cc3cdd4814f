"""What recurrent layers are composed of: weights of a given spectral radius, the circuit of a step, the read-out."""
