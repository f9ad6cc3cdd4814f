"""Building blocks of layers that learn from spike times: streams, competition between neurons, state."""
