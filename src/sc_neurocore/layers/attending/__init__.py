"""Building blocks of attention: checked operands, and the circuit of a call."""
