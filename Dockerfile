# One image for the web server and the workers. By default it runs both, like `make run`; docker-compose.yml runs each
# in a container of its own.
FROM python:3.13-slim AS packages
WORKDIR /app
COPY requirements-install.txt requirements.txt ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-install.txt \
    && .venv/bin/python -m uv pip install --no-cache --require-hashes -r requirements.txt \
    && .venv/bin/python -m uv pip uninstall uv

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /app contactflow
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000 \
    CONTACTFLOW_IN_CONTAINER=1
# Static files belong to the image; the key serves this one command.
RUN SECRET_KEY=collectstatic python manage.py collectstatic --no-input --verbosity 0 && chown -R contactflow: var
USER contactflow
# Data of the private PostgreSQL, secrets: what has to survive the container when DATABASE_URL is unset.
VOLUME /app/var
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["python", "-m", "contactflow.supervisor"]
