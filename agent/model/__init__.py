"""The planner and the judge that ask a model: tool loop, tools, prompts, shadow runs."""
