"""Documents under edit by one plan, on copies; what both planners edit with."""
