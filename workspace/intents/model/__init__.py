"""What the kernel speaks of: intents, plans, records, events, requests; values without behaviour of their own."""
