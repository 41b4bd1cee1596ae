# The service as a container. docs/serving.md says how it is built and run.
FROM python:3.13-slim AS build
# On x86 the PyTorch of the usual index brings CUDA along, some gigabytes: name the index of its processor builds here.
ARG PIP_EXTRA_INDEX_URL=""
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m venv /opt/sracl && \
    /opt/sracl/bin/pip install ".[serve]"

FROM python:3.13-slim
COPY --from=build /opt/sracl /opt/sracl
ENV PATH=/opt/sracl/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sracl
USER 10001
WORKDIR /tmp
EXPOSE 8000
# Loading the model and the libraries takes seconds.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
# A run's folder is mounted at /model, and SRACL_TOKEN holds the token: without it the service does not start.
ENTRYPOINT ["sracl", "serve"]
CMD ["/model", "--host", "0.0.0.0", "--port", "8000", "--token-env", "SRACL_TOKEN"]
