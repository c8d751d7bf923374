"""The built-in planner: a small command language in plain English, no key and no network needed."""
