"""Building blocks of dendrites: a tree of compartments, inputs of its branches, banks of equal trees."""
