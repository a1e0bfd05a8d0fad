/** The interface of a route to a native backend, and the first route: TensorFlow's wheel. */
import { readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { formatCount } from '../base/format.ts';
import type { Progress } from '../cli/progress.ts';
import type { NativeVariant } from '../compute/installed.ts';
import { compileBinding, findCompiler } from './compile.ts';
import { downloadWheel } from './download.ts';
import { DISK_BYTES, WANTED_MEMBERS, type Wheel, wheelsFor } from './pins.ts';
import { findPython } from './python.ts';
import { haveTfjsNode, keepTfjsNode } from './tfjs-node.ts';
import { unpackWheel } from './unpack.ts';

export interface RouteContext {
  variant: NativeVariant;
  log(line: string): void;
  progress: Progress;
  signal?: AbortSignal;
}

export interface Built {
  /** Path of the addon, relative to the folder. */
  binding: string;
  source: string;
}

export interface Route {
  name: string;
  /** @throws CodecLmError that says why this way is closed */
  build(dir: string, context: RouteContext): Promise<Built>;
}

export const BINDING = 'tfjs_binding.node';

/**
 * A current libtensorflow out of the TensorFlow wheel, with tfjs-node's addon compiled against
 * it. The folder looks like site-packages, because the run path of the libraries expects that:
 * `tensorflow/libtensorflow_framework.so.2` finds `../nvidia/<library>/lib`.
 */
export const wheelRoute: Route = {
  name: 'TensorFlow wheel',
  async build(dir, context) {
    const wheels = wheelsFor(context.variant);
    if (wheels.length === 0 || isMusl()) {
      const host = `${process.platform}-${process.arch}${isMusl() ? ' with musl' : ''}`;
      throw new CodecLmError(
        'BACKEND_UNAVAILABLE',
        `no TensorFlow wheel for ${context.variant} on ${host}`,
      );
    }
    // Check everything that would fail after the download before it starts.
    await findCompiler(context.signal);
    const python = await findPython(context.signal);
    const tfjsNode = await haveTfjsNode(join(dir, 'tfjs-node'), context);
    await checkSpace(dir, DISK_BYTES[context.variant]);
    context.log(`downloading ${downloadsOf(wheels)}; it is kept for all projects of this user`);
    for (const wheel of wheels) await addWheel(wheel, dir, python, context);
    const libraries = (await readdir(join(dir, 'tensorflow'))).filter((name) =>
      name.startsWith('libtensorflow'),
    );
    context.log('compiling the addon of tfjs-node');
    await compileBinding({
      packageDir: tfjsNode.dir,
      includeDir: join(dir, 'tensorflow', 'include'),
      libraryDir: join(dir, 'tensorflow'),
      libraries,
      output: join(dir, 'binding', BINDING),
      signal: context.signal,
    });
    await rm(join(dir, 'tensorflow', 'include'), { recursive: true });
    await keepTfjsNode(tfjsNode);
    await rm(join(dir, 'tfjs-node'), { recursive: true, force: true });
    const [{ package: name, version }] = wheels;
    return { binding: `binding/${BINDING}`, source: `${name} ${version} wheel` };
  },
};

async function addWheel(wheel: Wheel, dir: string, python: string, context: RouteContext) {
  const download = join(dir, 'download');
  const file = await downloadWheel(wheel, download, { ...context, python });
  context.log(`unpacking ${wheel.package} ${wheel.version}`);
  const count = await unpackWheel(python, file, dir, WANTED_MEMBERS, context.signal);
  await rm(download, { recursive: true });
  if (count === 0) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', `${wheel.package} holds nothing of use`);
  }
}

/** `tensorflow-cpu 2.21.0, 274 MB` */
function downloadsOf(wheels: readonly Wheel[]): string {
  const [{ package: name, version }, ...others] = wheels;
  const bytes = wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  const more = others.length > 0 ? ` and ${others.length} libraries` : '';
  return `${name} ${version}${more}, ${formatCount(bytes / 1e6)} MB`;
}

async function checkSpace(dir: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new CodecLmError(
    'DISK_FULL',
    `${(free / 1e9).toFixed(1)} GB are free at ${dir}, ${(needed / 1e9).toFixed(1)} GB are needed`,
    { path: dir, hint: 'free some space, or name another folder in CODEC_LM_CACHE' },
  );
}

/** TensorFlow's wheels are for glibc. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return !report.header.glibcVersionRuntime;
}
