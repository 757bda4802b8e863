# One image for every process: `daybook api`, `project`, `work`, `archive`, `migrate`.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/python -m pip install --no-cache-dir --only-binary=:all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY api ./api
COPY commands ./commands
COPY consumers ./consumers
COPY daybook ./daybook
COPY events ./events
COPY projections ./projections
COPY queries ./queries
RUN /venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation --no-index .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent daybook && install -d -m 700 -o daybook /seals
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DAYBOOK_HOST=0.0.0.0 \
    DAYBOOK_DATA=/tmp \
    DAYBOOK_DEMO=0
USER daybook
WORKDIR /tmp
EXPOSE 8000
ENTRYPOINT ["daybook"]
CMD ["api"]
