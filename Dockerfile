# codec-lm on CPUs:   docker build -t codec-lm .
# on NVIDIA GPUs:     docker build -t codec-lm:cuda --build-arg SETUP=--gpu .     (run with --gpus all)
#
#     docker run --rm -v "$PWD:/data" codec-lm pipeline run images photos --out DS
FROM node:22-bookworm-slim

# Python fetches TensorFlow's wheel, g++ builds the binding against it; ffmpeg encodes clips, Open MPI starts ranks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates ffmpeg g++ openmpi-bin python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/codec-lm
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund && npm cache clean --force
COPY . .

# Part of the image: a container starts with its backend.
ENV CODEC_LM_CACHE=/opt/codec-lm-cache
ARG SETUP=
RUN node bin/codec-lm.js setup ${SETUP} && chmod -R a+rX /opt/codec-lm-cache \
    && ln -s /opt/codec-lm/bin/codec-lm.js /usr/local/bin/codec-lm

USER node
WORKDIR /data
ENTRYPOINT ["codec-lm"]
CMD ["--help"]
