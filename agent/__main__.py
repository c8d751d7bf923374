"""`python -m agent`: the finished server's command line."""

from agent.cli import main

main()
