"""Building blocks of recurrent layers: weights of a given spectral radius, the circuit of a step, the read-out."""
