"""What runs beside a room's loop: planner and judge calls, effects sent, segments packed, undos planned."""
