"""Intents from admission to their verdict, pure: events in, records and requests out."""
