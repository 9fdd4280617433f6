# Rerank Lens as a container:
#   docker build -t rerank-lens .
#   docker run --read-only --tmpfs /data:uid=1000,gid=1000 --cap-drop ALL --security-opt no-new-privileges -p 7860:7860 rerank-lens
# /data is the one place it writes to: uploads, and models from the hub if visitors may name them.
FROM python:3.12-slim

RUN useradd --uid 1000 --create-home lens
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
COPY app.py LICENSE README.md ./
COPY demo demo
COPY corpora corpora
RUN python -m compileall -q app.py demo && mkdir /data && chown lens:lens /data

ENV PYTHONDONTWRITEBYTECODE=1 \
    RERANK_LENS_HOST=0.0.0.0 \
    RERANK_LENS_UPLOADS_FOLDER=/data/uploads \
    RERANK_LENS_ANY_MODEL=0 \
    HF_HOME=/data/huggingface \
    HOME=/data
USER lens
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/health')"]
CMD ["python", "app.py"]
