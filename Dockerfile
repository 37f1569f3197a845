# The image of the shop, for the web and for the worker: `docker build -t storefront .`
# Set-up with database, Redis and storage around it: docker-compose.yml.

FROM python:3.13-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.lock /tmp/requirements.lock
# Only what the lock names, each file checked by its hash, no compiler needed.
RUN /venv/bin/pip install --no-deps --require-hashes --only-binary=:all: --requirement /tmp/requirements.lock

FROM python:3.13-slim-bookworm
# ffmpeg prepares films for the web; the fonts write Chinese into stamped pictures and PDFs.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg fonts-wqy-microhei \
    && rm -rf /var/lib/apt/lists/*
# Nobody but the shop; the number is fixed, so that volumes keep their owner.
RUN groupadd --gid 10001 shop && useradd --uid 10001 --gid shop --no-create-home --home-dir /shop shop
# Invoices in Chinese need a font.
RUN apt-get update && apt-get install --no-install-recommends --yes fonts-noto-cjk && rm -rf /var/lib/apt/lists/*
WORKDIR /shop
COPY --from=packages /venv /venv
COPY pyproject.toml wsgi.py worker.py ./
COPY practice_stripe practice_stripe
COPY migrations migrations
COPY demo demo
COPY static static
COPY templates templates
COPY storefront storefront
RUN printf '#!/bin/sh\nexec /venv/bin/python -m storefront "$@"\n' > /usr/local/bin/storefront \
    && chmod 755 /usr/local/bin/storefront \
    && python -m compileall -q storefront practice_stripe \
    && mkdir var && chown shop:shop var
ENV PATH=/venv/bin:$PATH PYTHONPATH=/shop PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 VAR_DIR=/shop/var
USER shop
VOLUME /shop/var
EXPOSE 8000
# The order to stop reaches the shop itself: requests and jobs in hand are finished.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
CMD ["storefront", "run"]
