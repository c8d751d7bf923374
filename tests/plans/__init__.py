"""Random plans of both planners with planted failures, judged by what a stock Yjs reads in the documents."""
