# codec-lm on CPUs:   docker build -t codec-lm .
# on NVIDIA GPUs:     docker build -t codec-lm:cuda --build-arg SETUP=--gpu .     (run with --gpus all)
#
#     docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" codec-lm pipeline run images photos --out DS
#
# docs/containers.md has more.
FROM node:22-bookworm-slim

# Python fetches TensorFlow's wheel, g++ builds the binding against it; ffmpeg encodes clips, Open MPI starts ranks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates ffmpeg g++ openmpi-bin python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/codec-lm
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund && npm cache clean --force
COPY . .

# Part of the image: a container starts with its backend, and where there is none to be had no image is made.
ENV CODEC_LM_CACHE=/opt/codec-lm-cache
ARG SETUP=
RUN node bin/codec-lm.js setup --backend native ${SETUP} && chmod -R a+rX /opt/codec-lm-cache \
    && for name in codec-lm pipeline shards trainer tokenizer; do \
         ln -s "/opt/codec-lm/bin/$name.js" "/usr/local/bin/$name"; \
       done

# For NVIDIA's container runtime; without it they mean nothing.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

USER node
WORKDIR /data
ENTRYPOINT ["codec-lm"]
CMD ["--help"]
