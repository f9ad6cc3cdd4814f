"""What layers that learn from spike times are composed of: streams, competition between neurons, state."""
