"""Building blocks of spiking layers on JAX: pure steps, neurons with a state, products."""
