"""What is asked of a database with a year of history: workers of `benchmarks.scale`, each prints its figures as JSON."""
