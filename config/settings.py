"""All settings. Whatever differs between machines comes from the environment through `config.env`; see `.env.example`.

Production is the default: without DEBUG everything is strict, and `config.checks` refuses to start with a wrong value.
"""

from __future__ import annotations

from typing import Any

import django_stubs_ext

from config import csp, env, logs, openapi, unfold

# Lets classes of Django be written with the type they hold (ModelAdmin[Merchant], TextField[str, str]).
django_stubs_ext.monkeypatch()

BASE_DIR = env.ROOT
VAR_DIR = BASE_DIR / "var"

# The site

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ENCRYPTION_KEYS = env.words("TIDINGS_ENCRYPTION_KEYS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
PUBLIC_BASE_URL = env.text("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
KLAVIYO_BASE_URL = env.text("KLAVIYO_BASE_URL", "https://a.klaviyo.com").rstrip("/")
KLAVIYO_REVISION = env.text("KLAVIYO_REVISION", "2026-07-15")
SHOPIFY_BASE_URL = env.text("SHOPIFY_BASE_URL", "").rstrip("/")
SHOPIFY_API_VERSION = env.text("SHOPIFY_API_VERSION", "2026-04")

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = [
    # unfold replaces templates of Django's admin, so it stands before it.
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "integrations",
    "tracking",
    "returns",
    "loyalty",
    "lifecycle",
    # Last, because it settles the process down once everything is loaded.
    "config",
]

MIDDLEWARE = [
    "integrations.api.tracing.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "config.nul.RefuseNul",
    "config.machines.StraightToMachines",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.csp.SplitPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "integrations.web.sign_in.StaffSecondFactor",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "integrations.web.access.visited",
            ],
        },
    },
]

UNFOLD = unfold.UNFOLD

# Data

VAR_DIR.mkdir(exist_ok=True)

DATABASES = {"default": env.database("DATABASE_URL", default="sqlite:///var/tidings.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait for the writer (WAL), and a transaction takes the write lock when it begins (IMMEDIATE): one
    # that reads first and writes later would fail at once with "database is locked", whatever the timeout.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
else:
    # No psycopg pool: the cluster forks, and a pool does not survive that (django-q2 issue 209).
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # Lets statements be prepared that ask for it; Django's own never do.
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 1

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # In the database, so that attempts to sign in are counted over all processes.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Who asked for shoppers' pages how often, in this minute.
    "visitors": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "visitors",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    },
}

# A hook refuses more than 5 MB itself, with its own answer; this is the limit behind it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = False
DATETIME_FORMAT = "Y-m-d H:i:s"

# Background work. Tasks are ticks without arguments: each may run twice, late or never without harm.

Q_CLUSTER: dict[str, Any] = {
    "name": "tidings",
    "label": "Background work",
    "orm": "default",
    "workers": env.integer("WORKERS", default=2),
    "timeout": 75,
    "retry": 300,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.2,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,
    "recycle": 200,
    "max_rss": 400_000,
}

# Static files

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Security. SECURE_SSL_REDIRECT=false says that the site is served over plain HTTP: then nothing may depend on HTTPS.

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# Allows the domain into the browsers' preload list. Nothing enters it there but its owner, by hand.
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
if env.flag("TRUSTED_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Else everybody would be locked out with whoever tries passwords: all come from the proxy's address.
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": csp.STRICT}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "__Host-session" if SECURE_SSL_REDIRECT else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_SSL_REDIRECT else "csrf"
SESSION_COOKIE_AGE = 12 * 3600

# Signing in, by django-allauth. Accounts are made by invitations.

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "integrations.web.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "integrations.web.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Tidings"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE_SSL_REDIRECT
# Staff see every merchant: they sign in with a second factor, but on a developer's machine.
STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=not DEBUG)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Mail. Without a server it is written to the log of the process.

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Tidings <tidings@localhost>")

# The REST API

API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", default=600)
# Requests that wait for news or stream a file keep a thread of the web server for long: half of them are left to the others.
API_LONG_REQUESTS = max(1, env.integer("WEB_THREADS", default=4) // 2)

# A view that does not say who may use it is closed.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "integrations.api.openapi.Schema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = openapi.SETTINGS

# Logs

LOGGING = logs.configuration(
    renderer=env.choice("LOG_FORMAT", ("console", "json"), default="console" if DEBUG else "json"),
    level=env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
)
