"""Building blocks of predictive coding: a sequence that inputs and predictions share, the rule, the state."""
