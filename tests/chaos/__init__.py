"""What a crash may cost: nothing. Processes of their own, a PostgreSQL of their own, real sockets, and a Klaviyo that fails.

`make chaos` runs everything in its full form (about half an hour), `make chaos SHORT=1` in the short one (minutes).
"""
