# Three stages: the front end, the Python environment, and an image with neither's tools.
FROM node:24-slim AS frontend
WORKDIR /app/static
COPY static/package.json static/package-lock.json static/.npmrc ./
RUN npm ci --ignore-scripts
COPY static/ ./
RUN npm run build

FROM python:3.13-slim AS environment
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml requirements.lock ./
# Exactly the pinned and hashed packages, without those of the development and front-end groups.
RUN uv venv /opt/venv \
 && uv pip compile --quiet --generate-hashes --no-header --no-annotate --constraint requirements.lock pyproject.toml > runtime.txt \
 && VIRTUAL_ENV=/opt/venv uv pip sync --no-cache --require-hashes runtime.txt

FROM python:3.13-slim
RUN useradd --system --user-group --uid 10001 --home-dir /data app && install -d -o app -g app /data /imports
COPY --from=environment /opt/venv /opt/venv
WORKDIR /app
COPY manage.py LICENSE ./
COPY researchgraph/ researchgraph/
COPY profiles/ profiles/
COPY works/ works/
COPY graph/ graph/
COPY templates/ templates/
COPY --from=frontend /app/static/dist static/dist
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    RESEARCHGRAPH_MODE=production
RUN RESEARCHGRAPH_MODE=test python manage.py collectstatic --noinput --verbosity 0 && chown -R app:app /data
USER app
EXPOSE 8000
CMD ["gunicorn", "researchgraph.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--worker-class=gthread", "--threads=8"]
