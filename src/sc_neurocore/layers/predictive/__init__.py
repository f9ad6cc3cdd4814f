"""What predictive coding is composed of: a sequence that inputs and predictions share, the rule, the state."""
