"""What several test modules share: a real server in the test's own loop, fake planners, small clients."""
