# The clinician page in a container. CPU by default:
#   docker build -t resp . && docker run --rm -p 127.0.0.1:8501:8501 resp
# For a GPU, take torch's CUDA build from the lock file:
#   docker build --build-arg TORCH_INDEX= -t resp:gpu . && docker run --rm --gpus all -p 127.0.0.1:8501:8501 resp:gpu
# Every step is a command of start.py, which the tests run too.
ARG PYTHON=3.11-slim
FROM python:${PYTHON}

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PATH=/opt/resp/bin:$PATH

WORKDIR /srv/resp
# What changes rarely comes first: the libraries, then the project with its weights.
COPY start.py pyproject.toml requirements.lock ./
RUN python start.py --venv /opt/resp --torch-index "${TORCH_INDEX}" setup --libraries-only
COPY . .
RUN python start.py --venv /opt/resp --torch-index "${TORCH_INDEX}" setup \
    && resp models \
    && useradd --create-home --uid 10001 resp
USER resp

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s CMD ["python", "/srv/resp/start.py", "health"]
CMD ["resp", "app", "--host", "0.0.0.0", "--no-browser"]
