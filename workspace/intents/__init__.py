"""Intents from the door to their verdict, pure: events in, records and requests out."""
