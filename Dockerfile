# The clinician's page in a container; patients, recordings and settings live in the volume /data. CPU by default:
#   docker build -t resp .
# For a GPU, take torch's CUDA build from the lock file (and run with --gpus all -e RESP_WORKER_DEVICE=cuda):
#   docker build --build-arg TORCH_INDEX= -t resp:gpu .
# Served to others, people sign in (docs/administrator.md tells how to set that up in /data/settings.toml):
#   docker run -p 8501:8501 -v resp:/data resp
# For whoever sits at this machine alone: the port is published to it only, which the page cannot see and has to be told:
#   docker run -p 127.0.0.1:8501:8501 -v resp:/data \
#     -e RESP_PAGE_WITHOUT_SIGN_IN=true -e RESP_PAGE_ANYONE_CAN_READ=true resp
# Every step is a command of start.py, which the tests run too.
ARG PYTHON=3.11-slim
FROM python:${PYTHON}

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PATH=/opt/resp/bin:$PATH \
    RESP_HOME=/data

WORKDIR /srv/resp
# What changes rarely comes first: the libraries, then the project with its weights.
COPY start.py pyproject.toml requirements.lock ./
RUN python start.py --venv /opt/resp --torch-index "${TORCH_INDEX}" setup --libraries-only
COPY . .
RUN python start.py --venv /opt/resp --torch-index "${TORCH_INDEX}" setup \
    && resp models \
    && useradd --create-home --uid 10001 resp \
    && install --directory --owner=resp --mode=700 /data
USER resp
VOLUME /data

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s CMD ["python", "/srv/resp/start.py", "health"]
CMD ["resp", "app", "--host", "0.0.0.0", "--no-browser"]
