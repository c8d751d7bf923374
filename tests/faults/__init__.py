"""What happens when the process dies: real processes on loopback, ended by their own id."""
