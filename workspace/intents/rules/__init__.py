"""Decisions as functions: values in, values out; the sequencer decides by them, the audit checks by them."""
