"""The web server: `gunicorn -c python:config.gunicorn`."""

from __future__ import annotations

from config import env
from config.settings import LOGGING

wsgi_app = "config.wsgi:application"
bind = env.text("WEB_BIND", "127.0.0.1:8000")
workers = env.integer("WEB_PROCESSES", default=2)
threads = env.integer("WEB_THREADS", default=4)
worker_class = "config.web_worker.BoundedWorker"
# No source and no browser comes near these; what is beyond them is refused while it is read. Addresses are short, and a
# primary key of thousands of digits is none.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# Seconds that a connection without a request is kept: proxies open a new one at no cost.
keepalive = 5
# Loaded once, before the processes part: wrong settings end the server with their message instead of a restart loop.
preload_app = True
control_socket_disable = True
logconfig_dict = LOGGING
