"""A workspace to try things in, and a conflict acted out."""
