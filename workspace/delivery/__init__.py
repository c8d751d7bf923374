"""Receivers of effects: webhooks and mail."""
