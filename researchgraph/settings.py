"""Settings: one file, every deployment choice an environment variable of the same name (docs/configuration.md)."""

from __future__ import annotations

from pathlib import Path

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from researchgraph import embedded, env
from works.ingest import precedence

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG", default=False)
# "demo" is set by `manage.py demo`, "test" by pytest; both run on this machine only.
MODE = env.text("RESEARCHGRAPH_MODE", "production")
if MODE not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(f'RESEARCHGRAPH_MODE must be "production", "demo" or "test", not {MODE!r}.')
LOCAL = MODE != "production"

DATA_DIR = Path(env.text("DATA_DIR") or BASE_DIR / "var").resolve()
ENGINES = embedded.layout(DATA_DIR)
SECRET_KEY = env.secret("SECRET_KEY") or embedded.local_secret_key(DATA_DIR, allowed=LOCAL)
# Older keys that sessions, links and secrets made with them still count with.
SECRET_KEY_FALLBACKS = [key for key in env.secret("SECRET_KEY_FALLBACKS").split(",") if key]
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS") or (["localhost", "127.0.0.1", "[::1]", "testserver"] if LOCAL else [])
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.text("SITE_URL", "http://localhost:8000" if LOCAL else "").rstrip("/")
# Named in the User-Agent of every request to an upstream; live imports refuse to run without it.
CONTACT_EMAIL = env.text("CONTACT_EMAIL")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "researchgraph.orcid",
    "researchgraph",
    "profiles",
    "works",
    "graph",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "researchgraph.accounts.private.PrivatePagesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "researchgraph.accounts.second_factor.SecondFactorMiddleware",
]

ROOT_URLCONF = "researchgraph.urls"
WSGI_APPLICATION = "researchgraph.wsgi.application"

TEMPLATES = [
    {
        # Public pages: compiled templates, several times faster than Django's own (docs/decisions/0002).
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "researchgraph.jinja.environment"},
    },
    {
        # The admin site and the mails about accounts are others' and need Django's engine; none of our pages uses it.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **(env.database(env.secret("DATABASE_URL")) if env.secret("DATABASE_URL") else ENGINES.database),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": env.integer("DATABASE_POOL_SIZE", 8), "timeout": 10},
            # Prepared once per connection, so that a page costs a lookup and not a parse and plan.
            "server_side_binding": True,
            "prepare_threshold": 1,
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.secret("REDIS_URL") or ENGINES.redis_url
CACHE_URL = env.secret("CACHE_URL") or (env.secret("REDIS_URL") or ENGINES.cache_url)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}

CELERY_BROKER_URL = REDIS_URL if REDIS_URL.startswith("redis") else ENGINES.broker_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Twice the hard limit: a task that may still be running is never handed out again.
    "visibility_timeout": 1200,
    # kombu's defaults look for lost messages only every 100 s.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# Which source is believed first, where this differs from works/ingest/precedence.py: "title: acl crossref *; license: ...".
MERGE_PRECEDENCE = env.text("MERGE_PRECEDENCE")
try:
    precedence.read(MERGE_PRECEDENCE)
except ValueError as error:
    raise ImproperlyConfigured(f"MERGE_PRECEDENCE is not readable: {error}.") from None
# Weights of the trust receipt other than the shipped ones; researchgraph/checks.py reads the file at every start.
TRUST_MODEL_FILE = env.text("TRUST_MODEL_FILE")
# Where the number of the trust receipt is shown: on all pages, on those of claimed records, or nowhere.
CONFIDENCE_NUMBER = env.choice("CONFIDENCE_NUMBER", among=("always", "claimed", "never"))
# How many workers are woken at once to decide on bylines and to recompute pages.
DERIVE_WORKERS = env.integer("DERIVE_WORKERS", 2)
# The whole graph is measured at most once in so many minutes, by scipy or by a backend of networkx (graph/backends.py).
MEASURE_MINUTES = env.integer("MEASURE_MINUTES", 30)
GRAPH_BACKEND = env.text("GRAPH_BACKEND") or "scipy"
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "works.tasks.sweep", "schedule": 60.0},
    "harvest-due": {"task": "works.tasks.harvest_due", "schedule": 60.0},
    "recluster-grown": {"task": "profiles.tasks.recluster_grown", "schedule": 900.0},
    "look-across": {"task": "profiles.tasks.look_across", "schedule": crontab(hour="3", minute="40")},
    "expire-reports": {"task": "profiles.tasks.expire_reports", "schedule": 3600.0},
    "seal-audit": {"task": "profiles.tasks.seal_audit", "schedule": 300.0},
    "look-after-claims": {"task": "profiles.tasks.look_after_claims", "schedule": 60.0},
    "check-links": {"task": "profiles.tasks.check_links", "schedule": 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# Without a mail server, mails of a local site are printed where it runs.
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'console' if LOCAL and not EMAIL_HOST else 'smtp'}.EmailBackend"
EMAIL_PORT = env.integer("EMAIL_PORT", 587)
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM") or CONTACT_EMAIL or "researchgraph@localhost"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [path for path in (BASE_DIR / "static" / "dist",) if path.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Built files carry a hash of their content in their names.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "researchgraph.views.csrf_failure"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"

# Accounts: django-allauth behind our own pages (docs/accounts.md).
LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["researchgraph.accounts.backend.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # For accounts from before; replaced at their next login.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    # The 20,000 most frequent passwords of published breaches, shipped with Django: nothing is asked of anybody outside.
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "researchgraph.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_HONEYPOT_FIELD = "website"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 2
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
# Of one network address ("ip") or one e-mail address ("key"); counted with a lock, so that many at once get no further.
ACCOUNT_RATE_LIMITS = {
    "login": "50/h/ip",
    "login_failed": "50/h/ip,5/15m/key",
    "signup": "20/h/ip",
    "reset_password": "20/h/ip,5/h/key",
    "confirm_email": "1/3m/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("NUM_PROXIES", 0)
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "researchgraph"
# Or an account with a second factor could never add the address of its institution; the first address stays confirmed.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_ADAPTER = "researchgraph.accounts.adapter.SecondFactorAdapter"
# Browsers treat localhost as secure, the library does not.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL
# Whoever may decide or administer needs a second factor; on a local site it would only be in the way.
STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=not LOCAL)
# A public or member client of ORCID; without one nobody is offered to log in with it.
ORCID_CLIENT_ID = env.text("ORCID_CLIENT_ID")
ORCID_CLIENT_SECRET = env.secret("ORCID_CLIENT_SECRET")
ORCID_URL = (env.text("ORCID_URL") or "https://orcid.org").rstrip("/")
ORCID_API_URL = (env.text("ORCID_API_URL") or "https://pub.orcid.org").rstrip("/")
# Whoever comes from ORCID has proved who they are there, and may add an address later.
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_PROVIDERS = {
    "orcid": {
        "APPS": [{"client_id": ORCID_CLIENT_ID, "secret": ORCID_CLIENT_SECRET, "key": ""}] if ORCID_CLIENT_ID else []
    }
}
if not LOCAL:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    # Health checks come from inside, past the proxy that speaks TLS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if env.flag("BEHIND_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # Browsers hold the way to ORCID, a redirect of our own form, against this list too.
        "form-action": [SELF, ORCID_URL] if ORCID_CLIENT_ID else [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    # Of one address; generous for a reader with a script, too little to copy the site in a night.
    "DEFAULT_THROTTLE_RATES": {"anon": "120/min" if MODE == "production" else None},
    # Without a number the whole X-Forwarded-For header is the throttle identity, which a client can rotate.
    "NUM_PROXIES": env.integer("NUM_PROXIES", 0),
}
SPECTACULAR_SETTINGS = {"TITLE": "researchgraph", "VERSION": "1", "SERVE_INCLUDE_SCHEMA": False}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
}
