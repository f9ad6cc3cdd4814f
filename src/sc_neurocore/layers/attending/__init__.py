"""What attention is composed of: checked operands, and the circuit of a call."""
