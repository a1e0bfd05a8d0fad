/** Wheels and indexes small enough to fail in every way within a second. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { silentProgress } from '../../cli/progress.ts';
import type { Wheel } from '../../setup/pins.ts';
import type { RouteContext } from '../../setup/routes.ts';

export function context(signal?: AbortSignal): RouteContext & { lines: string[] } {
  const lines: string[] = [];
  return {
    variant: 'cpu',
    lines,
    log: (line) => lines.push(line),
    progress: silentProgress,
    signal,
  };
}

const MAKE_WHEEL = `
import sys, zipfile
path, info = sys.argv[1], 'codec_lm_fake-1.0.dist-info/'
with zipfile.ZipFile(path, 'w') as wheel:
    wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: codec-lm-fake\\nVersion: 1.0\\n')
    wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(info + 'RECORD', '')
    wheel.writestr('tensorflow/libtensorflow_cc.so.2', b'c' * 300000)
    wheel.writestr('tensorflow/libtensorflow_framework.so.2', b'f' * 10)
    wheel.writestr('tensorflow/include/tensorflow/c/c_api.h', '// header')
    wheel.writestr('tensorflow/include/other/huge.h', '// not wanted')
    wheel.writestr('tensorflow/python/__init__.py', '# not wanted')
    wheel.writestr('nvidia/cublas/lib/libcublas.so.12', b'n')
`;

export interface FakeWheel {
  folder: string;
  file: string;
  pin: Wheel;
}

export function makeWheel(folder: string): FakeWheel {
  const file = join(folder, 'codec_lm_fake-1.0-py3-none-any.whl');
  execFileSync('python3', ['-c', MAKE_WHEEL, file]);
  const bytes = readFileSync(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const platforms = ['manylinux_2_27_x86_64'];
  const pin = { package: 'codec-lm-fake', version: '1.0', platforms, sha256, bytes: bytes.length };
  return { folder, file, pin };
}

/** pip looks into one folder only. */
export function onlyFolder(folder: string): void {
  Object.assign(process.env, { PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder });
}

/**
 * pip asks an index on the loopback that sends half of the wheel and then falls silent.
 * @returns `halfWay`: resolves when the half was sent
 */
export async function stallingIndex(
  t: ExecutionContext,
  wheel: FakeWheel,
): Promise<{ halfWay: Promise<void> }> {
  const bytes = readFileSync(wheel.file);
  const name = 'codec_lm_fake-1.0-py3-none-any.whl';
  let half = () => {};
  const halfWay = new Promise<void>((resolve) => {
    half = resolve;
  });
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('.whl')) {
      response.setHeader('content-type', 'text/html');
      response.end(`<!DOCTYPE html><a href="/${name}">${name}</a>`);
      return;
    }
    response.setHeader('content-length', bytes.length);
    response.write(bytes.subarray(0, bytes.length / 2), () => half());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  delete process.env.PIP_NO_INDEX;
  Object.assign(process.env, {
    PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`,
    PIP_FIND_LINKS: '',
    NO_PROXY: '127.0.0.1',
  });
  return { halfWay };
}
