"""What a WSGI server loads: `config.wsgi:application`. It does not start with wrong settings."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config import checks  # noqa: E402  (needs the settings)

checks.stop_if_wrong()
