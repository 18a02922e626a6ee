"""What `make bench-api` measures: pages of the history by the REST API, beside other ways of answering the same request."""

OURS, BARE, WRITTEN, REST = (
    "Tidings",
    "bare WSGI + psycopg + orjson",
    "bare WSGI, the database writes the JSON",
    "Django REST framework",
)
