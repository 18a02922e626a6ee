"""The web server: `gunicorn -c python:config.gunicorn`."""

from __future__ import annotations

from config import env
from config.settings import LOGGING

wsgi_app = "config.wsgi:application"
bind = env.text("WEB_BIND", "127.0.0.1:8000")
workers = env.integer("WEB_PROCESSES", default=2)
threads = env.integer("WEB_THREADS", default=4)
# Loaded once, before the processes part: wrong settings end the server with their message instead of a restart loop.
preload_app = True
control_socket_disable = True
logconfig_dict = LOGGING
