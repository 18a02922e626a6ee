"""Ways of delivering the same events, each a module that runs as a worker: see `benchmarks.processes`."""
