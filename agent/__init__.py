"""Planner, tools and the finished server. Floor three."""
