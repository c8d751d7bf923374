"""The bench of designs: five ways to serve several people with one agent, on the real server, judged by one monitor."""
