"""What dendrites are composed of: a tree of compartments, what drives its branches, banks of equal trees."""
