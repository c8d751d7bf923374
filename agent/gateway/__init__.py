"""One call's journey to a model and back: preflight, route, reserve, send, account, answer."""
