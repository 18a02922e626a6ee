"""Print the URL of a PostgreSQL server that can hold the test database: DATABASE_URL's, else a local one, else nothing.

Ends non-zero when DATABASE_URL names a server that cannot be used.
"""

from __future__ import annotations

import getpass
import sys

import psycopg

from config import env

LOCAL = "postgres://{user}@127.0.0.1:5432/postgres"


def trouble(url: str) -> str:
    """Why the server cannot hold a test database; "" if it can."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            found = connection.execute("select rolcreatedb or rolsuper from pg_roles where rolname = current_user")
            allowed = found.fetchone()
    except psycopg.Error as error:
        return str(error).strip()
    return "" if allowed and allowed[0] else "its user may not create databases"


def main() -> None:
    """Print the first URL that works."""
    configured = env.text("DATABASE_URL")
    if configured.startswith("postgres"):
        wrong = trouble(configured)
        if wrong:
            sys.exit(f"DATABASE_URL names a PostgreSQL server that the tests cannot use: {wrong}")
        print(configured)
        return
    candidates = (LOCAL.format(user=user) for user in dict.fromkeys((getpass.getuser(), "postgres")))
    print(next((url for url in candidates if not trouble(url)), ""))


if __name__ == "__main__":
    main()
