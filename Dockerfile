# The gateway, for a venue that keeps Valkey (or Redis) and PostgreSQL as servers of their own:
# see deploy/compose.yaml. `redis = "embedded"` is not in this image.

FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

# What changes seldom comes first, so that a change of ours rebuilds only what follows.
COPY requirements/build.txt requirements/server.txt requirements/
RUN python -m pip wheel --require-hashes --only-binary :all: \
        --wheel-dir /wheels --requirement requirements/server.txt \
    && python -m pip install --require-hashes --only-binary :all: --requirement requirements/build.txt

COPY . .
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# The wheels were proved by their hashes above; nothing is fetched from here on.
RUN python -m venv /opt/composteur \
    && /opt/composteur/bin/python -m pip install --no-index --no-deps /wheels/*.whl


FROM python:3.13-slim
LABEL org.opencontainers.image.title="Composteur" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN groupadd --system --gid 10001 composteur \
    && useradd --system --uid 10001 --gid composteur --no-create-home --home-dir /srv/composteur \
        --shell /usr/sbin/nologin composteur \
    && install -d -o composteur -g composteur -m 0750 /srv/composteur /srv/composteur/state

COPY --from=build /opt/composteur /opt/composteur
ENV PATH=/opt/composteur/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    COMPOSTEUR_SITE=/srv/composteur/site.toml

USER composteur
WORKDIR /srv/composteur
VOLUME /srv/composteur/state
EXPOSE 8080
STOPSIGNAL SIGTERM

# Ready is 200 as long as gates can be decided, the central database away included.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]

ENTRYPOINT ["python", "-m", "gateway.cli"]
CMD ["serve"]
