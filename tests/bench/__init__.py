"""Benchmarks that print what they measured, and with which command; never part of the tests."""
