# `make check` is every check but the tests; CI runs both. `make lock` renews the pins after a change of dependencies.
RUN = uv run
LOCAL = RESEARCHGRAPH_MODE=test DJANGO_SETTINGS_MODULE=researchgraph.settings PYTHONPATH=.
# Looks like production; nothing is connected to.
PRODUCTION = RESEARCHGRAPH_MODE=production DEBUG=false \
	SECRET_KEY=only-for-this-check-only-for-this-check-0123456789-abcdefghijkl \
	ALLOWED_HOSTS=example.org SITE_URL=https://example.org CONTACT_EMAIL=librarian@example.org EMAIL_HOST=mail.example.org \
	DATABASE_URL=postgresql://u:p@127.0.0.1:1/d REDIS_URL=redis://127.0.0.1:1/0 CACHE_URL=redis://127.0.0.1:1/0

.PHONY: check ruff mypy imports templates migrations deploy typescript api-types test spark lock

check: ruff mypy imports templates migrations deploy typescript

ruff:
	$(RUN) ruff check .
	$(RUN) ruff format --check .

mypy:
	$(LOCAL) $(RUN) mypy .

imports:
	$(RUN) lint-imports --no-cache

templates:
	$(LOCAL) $(RUN) python .ci/lint_templates.py

migrations:
	$(LOCAL) $(RUN) manage.py makemigrations --check --dry-run

deploy:
	$(PRODUCTION) $(RUN) manage.py check --deploy --fail-level WARNING

typescript: api-types
	cd static && $(RUN) npm run typecheck

# What the explorer knows of the API's answers, made from the API's own description; the build does without.
api-types:
	test -d static/node_modules || (cd static && $(RUN) npm ci --ignore-scripts)
	$(LOCAL) $(RUN) manage.py spectacular --fail-on-warn --file static/node_modules/.api.yaml
	cd static && $(RUN) npx openapi-typescript node_modules/.api.yaml -o src/api.d.ts

test:
	$(RUN) pytest

# Not in `make check` or `pytest`: needs Java 17, and half a gigabyte that no site needs (docs/graph.md).
spark:
	$(RUN) --group spark pytest tests/graph/on_spark.py

lock:
	python3 .ci/pin.py
