"""What spiking layers on JAX are composed of: pure steps, neurons with a state, products."""
